/*
 * oracle_gloss.c - recognises pinyin and Bopomofo glosses by docs/text.md section 6.
 *
 * The content of the parenthesis is decomposed into plain letters, a tone flag on each, and
 * separators; then every way to cut it into syllables is tried.
 */
#include "tests/oracle/oracle_gloss.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define LONGEST \
  128 /* characters looked at behind the parenthesis; longer glosses are not tested \
                     */

/* The syllables of Unihan's Mandarin readings without their tones; v stands for u with a diaeresis.
 */
static const char syllables[] =
    " a ai an ang ao ba bai ban bang bao bei ben beng bi bian biang biao bie bin bing bo bu ca"
    " cai can cang cao ce cei cen ceng cha chai chan chang chao che chen cheng chi chong chou"
    " chu chua chuai chuan chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang"
    " dao de dei den deng di dia dian diao die din ding diu dong dou du duan dui dun duo e ei en"
    " eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen geng gong"
    " gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hm hng hong hou"
    " hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan"
    " jue jun ka kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la"
    " lai lan lang lao le lei len leng li lia lian liang liao lie lin ling liu lo long lou lu"
    " luan lun luo lv lve m ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo"
    " mou mu n na nai nan nang nao ne nei nen neng ng ni nia nian niang niao nie nin ning niu"
    " nong nou nu nuan nun nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin"
    " ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun r ran rang"
    " rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha"
    " shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun"
    " shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng ti tian tiao tie ting"
    " tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wong wu xi xia xian xiang"
    " xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu"
    " yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen"
    " zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui"
    " zun zuo ";

typedef struct spelled {
  char letter; /* a-z; v for u with a diaeresis; ' ' and '\'' separate */
  bool tone;
} spelled;

static bool is_space(uint32_t point) {
  return utf8proc_category((utf8proc_int32_t)point) == UTF8PROC_CATEGORY_ZS;
}

/* Adds one character in its parts to out[*count]; false when it has no place in pinyin. */
static bool spell(uint32_t point, spelled *out, size_t *count) {
  utf8proc_int32_t parts[8];
  int bound = 0;
  utf8proc_ssize_t parts_count =
      utf8proc_decompose_char((utf8proc_int32_t)point, parts, 8, UTF8PROC_DECOMPOSE, &bound);
  if (parts_count < 1 || parts_count > 8) return false;
  for (utf8proc_ssize_t i = 0; i < parts_count; i++) {
    utf8proc_int32_t part = parts[i];
    spelled *last = *count > 0 ? &out[*count - 1] : NULL;
    bool on_letter = last && last->letter >= 'a' && last->letter <= 'z';
    if ((part >= 'a' && part <= 'z') || (part >= 'A' && part <= 'Z')) {
      out[(*count)++] = (spelled){(char)(part | 0x20), false};
    } else if (is_space((uint32_t)part)) {
      out[(*count)++] = (spelled){' ', false};
    } else if (part == '\'' || part == 0x2019) {
      out[(*count)++] = (spelled){'\'', false};
    } else if (part == 0x308 && on_letter && last->letter == 'u') {
      last->letter = 'v';
    } else if ((part == 0x300 || part == 0x301 || part == 0x304 || part == 0x30c) && on_letter &&
               !last->tone) {
      last->tone = true;
    } else {
      return false;
    }
  }
  return true;
}

/* Is text[0..length) one syllable? Sets *tone when it carries a tone mark; two marks are none. */
static bool is_syllable(const spelled *text, size_t length, bool *tone) {
  char padded[16] = " ";
  int tones = 0;
  if (length > 8) return false;
  for (size_t i = 0; i < length; i++) {
    if (text[i].letter < 'a' || text[i].letter > 'z') return false;
    padded[1 + i] = text[i].letter;
    tones += text[i].tone;
  }
  padded[1 + length] = ' ';
  *tone = tones == 1;
  return tones <= 1 && strstr(syllables, padded) != NULL;
}

/* Can text[0..count) be cut into syllables, at least one of them with a tone unless `toned`
 * already? */
static bool can_cut(const spelled *text, size_t count, bool toned) {
  for (size_t length = 1; length <= count; length++) {
    bool tone = false;
    if (!is_syllable(text, length, &tone)) continue;
    size_t at = length;
    while (at < count && (text[at].letter == ' ' || text[at].letter == '\'')) at++;
    if (at == count) {
      if (toned || tone) return true;
      continue;
    }
    if (can_cut(text + at, count - at, toned || tone)) return true;
  }
  return false;
}

static bool is_pinyin(const uint32_t *points, size_t count) {
  spelled text[LONGEST * 8];
  size_t spelled_count = 0;
  for (size_t i = 0; i < count; i++) {
    if (!spell(points[i], text, &spelled_count)) return false;
  }
  size_t from = 0;
  while (from < spelled_count && (text[from].letter == ' ' || text[from].letter == '\'')) from++;
  return can_cut(text + from, spelled_count - from, false);
}

static bool is_bopomofo_letter(uint32_t point) {
  return (point >= 0x3105 && point <= 0x312f) || (point >= 0x31a0 && point <= 0x31bf);
}

/* Bopomofo letters, at least one, and tone marks; spaces between. */
static bool is_bopomofo(const uint32_t *points, size_t count) {
  bool letters = false;
  for (size_t i = 0; i < count; i++) {
    uint32_t p = points[i];
    bool tone = p == 0x2c9 || p == 0x2ca || p == 0x2c7 || p == 0x2cb || p == 0x2d9;
    letters = letters || is_bopomofo_letter(p);
    if (!tone && !is_bopomofo_letter(p) && !is_space(p)) return false;
  }
  return letters;
}

size_t oracle_gloss(const uint32_t *points, size_t count) {
  size_t start = 1, end;
  while (start < count && is_space(points[start])) start++;
  for (end = start; end < count && points[end] != ')' && points[end] != 0xff09; end++) {
    if (end - start == LONGEST) return 0;
  }
  if (end == count || end == start) return 0;
  size_t last = end;
  while (last > start && is_space(points[last - 1])) last--;
  if (is_pinyin(points + start, last - start)) return end + 1;
  if (is_bopomofo(points + start, last - start)) return end + 1;
  return 0;
}
