/*
 * replay.c - runs a fuzz target without libFuzzer, as a test: its seeds, what was found before
 * (findings/<name>/), and mutations of both, drawn from a fixed seed.
 *
 *     test_fuzz_<name> [BUILD]          as a test; $SUOYIN_FUZZ_RUNS mutations (as the
 *                                   target says), $SUOYIN_SEED
 *     test_fuzz_<name> --seeds DIR      writes the seeds as files, for libFuzzer
 *     test_fuzz_<name> --input FILE...  runs these
 *
 * When an input kills the program its bytes are left in $TMPDIR/suoyin-fuzz-input, and are an input
 * for findings/ when the fault is mended.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/oracle/random_text.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUTS_MOST = 4096, MUTANT_BYTES = 1 << 16, INPUT_SECONDS = 60 };

typedef struct input {
  uint8_t *data;
  size_t bytes;
} input;

static input inputs[INPUTS_MOST];
static size_t input_count;

/* ---- Dying ---- */

static const uint8_t *current;
static size_t current_bytes;
static char leave_path[4096];

static void leave_input(void) {
  int fd = open(leave_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (fd < 0) return;
  ssize_t written = write(fd, current, current_bytes);
  const char *said = written < 0 ? "\n# its input could not be kept: " : "\n# its input is in ";
  close(fd);
  if (write(2, said, strlen(said)) < 0 || write(2, leave_path, strlen(leave_path)) < 0) return;
  if (write(2, "\n", 1) < 0) return;
}

static void on_signal(int number) {
  leave_input();
  signal(number, SIG_DFL);
  raise(number);
}

/* Of the sanitizers, when the program is built with one. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static void guard(void) {
  const char *directory = getenv("TMPDIR");
  snprintf(leave_path, sizeof leave_path, "%s/suoyin-fuzz-input",
           directory && *directory ? directory : "/tmp");
  static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
  if (__sanitizer_set_death_callback) {
    __sanitizer_set_death_callback(leave_input);
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    return;
  }
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], on_signal);
}

static void run(const uint8_t *data, size_t bytes) {
  current = data;
  current_bytes = bytes;
  alarm(INPUT_SECONDS);
  LLVMFuzzerTestOneInput(data, bytes);
  alarm(0);
}

/* ---- Inputs ---- */

static void keep(void *context, const void *data, size_t bytes) {
  (void)context;
  if (input_count == INPUTS_MOST) return;
  inputs[input_count++] = (input){fuzz_copy(data, bytes), bytes};
}

static void keep_file(const char *path) {
  FILE *file = fopen(path, "rb");
  fuzz_check(file != NULL);
  static uint8_t data[1 << 22];
  size_t bytes = fread(data, 1, sizeof data, file);
  fclose(file);
  keep(NULL, data, bytes);
}

static void keep_directory(const char *path) {
  DIR *directory = opendir(path);
  if (!directory) return;
  for (struct dirent *entry; (entry = readdir(directory));) {
    char name[4400];
    if (entry->d_name[0] == '.') continue;
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    keep_file(name);
  }
  closedir(directory);
}

static void write_seeds(const char *path) {
  fuzz_seeds(keep, NULL);
  for (size_t i = 0; i < input_count; i++) {
    char name[4200];
    snprintf(name, sizeof name, "%s/seed-%03zu", path, i);
    FILE *file = fopen(name, "wb");
    fuzz_check(file != NULL);
    fuzz_check(fwrite(inputs[i].data, 1, inputs[i].bytes, file) == inputs[i].bytes);
    fclose(file);
  }
}

/* ---- Mutations ---- */

static size_t remove_range(random_source *random, uint8_t *data, size_t bytes) {
  if (!bytes) return 0;
  size_t at = random_below(random, (uint32_t)bytes);
  size_t count = 1 + random_below(random, (uint32_t)(bytes - at));
  memmove(data + at, data + at + count, bytes - at - count);
  return bytes - count;
}

static size_t insert_range(random_source *random, uint8_t *data, size_t bytes) {
  const input *from = &inputs[random_below(random, (uint32_t)input_count)];
  if (!from->bytes) return bytes;
  size_t first = random_below(random, (uint32_t)from->bytes);
  size_t count = 1 + random_below(random, (uint32_t)(from->bytes - first));
  if (count > MUTANT_BYTES - bytes) return bytes;
  size_t at = random_below(random, (uint32_t)bytes + 1);
  memmove(data + at + count, data + at, bytes - at);
  memcpy(data + at, from->data + first, count);
  return bytes + count;
}

static void change_bytes(random_source *random, uint8_t *data, size_t bytes) {
  static const uint8_t odd[] = {0, 1, 0x7F, 0x80, 0xFF, 0xFE, '"', '(', ')', '\\', '<', '{', '\n'};
  if (!bytes) return;
  size_t at = random_below(random, (uint32_t)bytes);
  switch (random_below(random, 4)) {
    case 0: data[at] ^= (uint8_t)(1u << random_below(random, 8)); break;
    case 1: data[at] = odd[random_below(random, sizeof odd)]; break;
    case 2: data[at] = (uint8_t)random_next(random); break;
    default: memset(data + at, data[at], random_below(random, (uint32_t)(bytes - at) + 1));
  }
}

static size_t mutate(random_source *random, uint8_t *data, size_t bytes) {
  uint32_t changes = 1 + random_below(random, 6);
  while (changes--) {
    switch (random_below(random, 6)) {
      case 0: bytes = remove_range(random, data, bytes); break;
      case 1: bytes = insert_range(random, data, bytes); break;
      default: change_bytes(random, data, bytes);
    }
  }
  return bytes;
}

static void run_mutations(uint64_t count) {
  static uint8_t data[MUTANT_BYTES];
  random_source random = {random_seed(61)};
  for (uint64_t i = 0; i < count; i++) {
    const input *parent = &inputs[random_below(&random, (uint32_t)input_count)];
    size_t bytes = parent->bytes < sizeof data / 2 ? parent->bytes : sizeof data / 2;
    memcpy(data, parent->data, bytes);
    bytes = mutate(&random, data, bytes);
    uint8_t *exact = fuzz_copy(data, bytes);
    run(exact, bytes);
    free(exact);
  }
}

/* ---- Main ---- */

static void run_all(const char *what, size_t from) {
  for (size_t i = from; i < input_count; i++) run(inputs[i].data, inputs[i].bytes);
  printf("ok - %s (%zu)\n", what, input_count - from);
}

static void run_as_test(const char *program) {
  char path[4096];
  const char *slash = strrchr(program, '/');
  const char *name = slash ? slash + 1 : program;
  if (!strncmp(name, "test_fuzz_", 10)) name += 10;
  snprintf(path, sizeof path, "tests/fuzz/findings/%s", name);
  printf("1..3\n");
  fuzz_seeds(keep, NULL);
  run_all("seeds", 0);
  size_t seeds = input_count;
  keep_directory(path);
  run_all("what was found before", seeds);
  uint64_t count = number_from_environment("SUOYIN_FUZZ_RUNS", fuzz_mutations);
  if (input_count) run_mutations(count);
  printf("ok - mutations (%llu)\n", (unsigned long long)count);
}

int main(int count, char **arguments) {
  guard();
  if (count == 3 && !strcmp(arguments[1], "--seeds")) {
    write_seeds(arguments[2]);
  } else if (count > 1 && !strcmp(arguments[1], "--input")) {
    for (int i = 2; i < count; i++) keep_file(arguments[i]);
    run_all("inputs", 0);
  } else {
    run_as_test(arguments[0]);
  }
  for (size_t i = 0; i < input_count; i++) free(inputs[i].data);
  return 0;
}
