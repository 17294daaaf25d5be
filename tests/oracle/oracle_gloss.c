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

/* Characters and what they are read with in the neutral tone: Unihan's kHanyuPinlu, kTGHZ2013 and
 * kXHC1983. */
static const char neutral_readings[] =
    " 㗑bai 㟷da 上shang 下xia 不bu 个ge 丹dan 举ju 么ma 么me 乎hu 了le 事shi"
    " 亮liang 亲qin 人ren 什shen 付fu 仙xian 们men 价jie 份fen 伍wu 伙huo 伧chen"
    " 伯bo 伶ling 個ge 們men 候hou 偺zan 傅fu 傖chen 價jie 儿r 兄xiong 兒r 具ju"
    " 分fen 划huai 利li 到dao 劃huai 力li 务wu 势shi 務wu 勢shi 匙shi 匠jiang 午wu"
    " 卖mai 卜bo 厕si 友you 发fa 叔shu 口kou 叭ba 号hao 同tong 吗ma 吧ba 听ting 吶ne"
    " 呀ya 呃e 呐na 呐ne 呗bei 呢ne 呵a 呼hu 和he 和huo 咐fu 咕gu 咧lie 咯lo 咱zan"
    " 哇wa 哟yo 哥ge 哩li 哪na 哼hng 唄bei 唤huan 唬hu 啊a 問wen 啦la 啰luo 啵bo"
    " 喒zan 喚huan 喝he 喲yo 喽lou 嗎ma 嗦suo 嗽sou 嘍lou 嘛ma 嘞lei 噷hm 嚜me 地de"
    " 坊fang 垯da 堂tang 塔da 墶da 士shi 声sheng 处chu 天tian 太tai 夫fu 头tou 女nv"
    " 奶nai 妇fu 妈ma 妹mei 姐jie 姑gu 娃wa 娘niang 婆po 婦fu 婶shen 媽ma 嫂sao"
    " 嬸shen 子zi 字zi 宗zong 宜yi 实shi 害hai 家jia 家jie 實shi 寸cun 少shao"
    " 尚shang 屈qu 屉ti 展zhan 屜ti 巴ba 帚zhou 应ying 底de 度du 廁si 式shi 弟di"
    " 弹tan 彈tan 当dang 形xing 彩cai 得de 心xin 快kuai 思si 性xing 怨yuan 息xi"
    " 情qing 惑huo 意yi 慌huang 應ying 戌qu 成cheng 戚qi 戶hu 户hu 手shou 才cai"
    " 打da 扭niu 扮ban 扯che 担dan 拇mu 拉la 拔ba 拾shi 掌zhang 探tan 搁ge 摸mo"
    " 撐cheng 撑cheng 擔dan 擱ge 敞chang 数shu 數shu 方fang 明ming 是shi 晃huang"
    " 晨chen 月yue 服fu 望wang 末me 朵duo 李li 材cai 枉wang 格ge 桲po 梁liang"
    " 棚peng 楚chu 欠qian 欢huan 歌ge 歡huan 正zheng 殖shi 毛mao 氇lu 气qi 氣qi"
    " 汤tang 沫mo 法fa 泼po 活huo 涂tu 湯tang 滑hua 潑po 激ji 灵ling 烦fan 然ran"
    " 煩fan 爷ye 爸ba 爺ye 物wu 狸li 猩xing 猬wei 理li 生sheng 用yong 甫fu 甲jia"
    " 當dang 疸da 瘩da 發fa 白bai 的de 盖gai 盘pan 盤pan 着zhe 睛jing 矩ju 磨mo"
    " 神shen 稼jia 究jiu 窿long 笆ba 笼long 算suan 篷peng 籠long 糊hu 系xi 索suo"
    " 經jing 綴zhui 繨da 繩sheng 经jing 绳sheng 缀zhui 罢ba 罪zui 置zhi 罷ba"
    " 聲sheng 聽ting 股gu 脦de 脦te 腐fu 腾teng 膊bo 臂bei 舅jiu 舉ju 芦lu 花hua"
    " 莫mo 菇gu 著zhe 蓋gai 蓝la 蓿xu 蔔bo 蔗zhe 藍la 蘆lu 虎hu 處chu 號hao 蚣gong"
    " 蝇ying 蝟wei 蟆ma 蠅ying 袋dai 袱fu 裏li 裡li 裳shang 西xi 見jian 視shi 親qin"
    " 见jian 视shi 計ji 訓xun 記ji 訴su 話hua 誤wu 謀mou 謝xie 識shi 计ji 训xun 记ji"
    " 识shi 诉su 话hua 误wu 谋mou 谢xie 負fu 賣mai 负fu 跶da 蹴jiu 輯ji 辑ji 边bian"
    " 过guo 過guo 道dao 邊bian 酬chou 里li 量liang 鋪pu 錢qian 鐺dang 钱qian"
    " 铛dang 铺pu 門men 間jian 门men 问wen 间jian 闹nao 阿a 难nan 難nan 靈ling"
    " 静jing 靜jing 面mian 鞡la 頭tou 食shi 餅bing 饹le 饼bing 馇zha 駝tuo 騰teng"
    " 驼tuo 鬧nao 鮮xian 鲜xian 鵲que 鶉chun 鹊que 鹑chun 麻ma 麼me 麽me 𠲎fa ";

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

/* One syllable of plain letters that is a reading of `before`. */
static bool is_neutral(uint32_t before, const uint32_t *points, size_t count) {
  char pair[32] = " ";
  size_t length = 1;
  if (!before || count > 8) return false;
  length += (size_t)utf8proc_encode_char((utf8proc_int32_t)before, (utf8proc_uint8_t *)pair + 1);
  for (size_t i = 0; i < count; i++) {
    uint32_t p = points[i] == 0xfc || points[i] == 0xdc ? 'v' : points[i] | 0x20;
    if (p < 'a' || p > 'z') return false;
    pair[length++] = (char)p;
  }
  pair[length] = ' ';
  return strstr(neutral_readings, pair) != NULL;
}

size_t oracle_gloss(const uint32_t *points, size_t count, uint32_t before) {
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
  if (is_neutral(before, points + start, last - start)) return end + 1;
  return 0;
}
