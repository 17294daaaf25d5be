/* ones.c - the ones of each byte, computed by the compiler (ones.h). */
#include "storage/ones.h"

#define COUNT(b) __builtin_popcount(b)
/* Bit i of b is its n-th one, counted from 0. */
#define IS(b, i, n) (((b) >> (i)&1) && COUNT((b) & ((1 << (i)) - 1)) == (n))
#define PLACE(b, n)                                                                         \
  IS(b, 1, n) * 1 + IS(b, 2, n) * 2 + IS(b, 3, n) * 3 + IS(b, 4, n) * 4 + IS(b, 5, n) * 5 + \
      IS(b, 6, n) * 6 + IS(b, 7, n) * 7
#define PLACES(b)                                                                              \
  {                                                                                            \
    PLACE(b, 0), PLACE(b, 1), PLACE(b, 2), PLACE(b, 3), PLACE(b, 4), PLACE(b, 5), PLACE(b, 6), \
        PLACE(b, 7)                                                                            \
  }

#define FOUR(X, b) X(b), X((b) + 1), X((b) + 2), X((b) + 3)
#define SIXTEEN(X, b) FOUR(X, b), FOUR(X, (b) + 4), FOUR(X, (b) + 8), FOUR(X, (b) + 12)
#define SIXTY_FOUR(X, b) \
  SIXTEEN(X, b), SIXTEEN(X, (b) + 16), SIXTEEN(X, (b) + 32), SIXTEEN(X, (b) + 48)
#define EACH_BYTE(X) SIXTY_FOUR(X, 0), SIXTY_FOUR(X, 64), SIXTY_FOUR(X, 128), SIXTY_FOUR(X, 192)

const sy_eight_places sy_ones_places[256] = {EACH_BYTE(PLACES)};
const uint8_t sy_ones_count[256] = {EACH_BYTE(COUNT)};
