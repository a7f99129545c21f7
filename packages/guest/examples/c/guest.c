/* The example guest in C; it needs no C library. */
#include "twinwall.h"

/* What the host knows of a word; nothing of most. */
TWINWALL_HOST_FUNCTION(lookup)

static twinwall_bytes greeting, kept;
static uint32_t total;

static int is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r' && byte != '\v'); }

/* Writes text behind what is there already. */
static void append(twinwall_bytes *text, const void *more, size_t length) {
  for (size_t i = 0; i < length; i++) text->data[text->length++] = ((const uint8_t *)more)[i];
}

static void append_number(twinwall_bytes *text, uint32_t number) {
  uint8_t digits[10];
  size_t start = sizeof digits;
  do digits[--start] = (uint8_t)('0' + number % 10);
  while (number /= 10);
  append(text, digits + start, sizeof digits - start);
}

/* Takes the `init` data: what `greet` says. */
TWINWALL_INIT(data) {
  twinwall_check_utf8(data);
  greeting = data.length != 0 ? twinwall_copy(data.data, data.length) : twinwall_copy_text("Hello");
}

/* The input in upper case, as far as it is ASCII; where it stands. */
TWINWALL_FUNCTION(upper, input) {
  for (size_t i = 0; i < input.length; i++)
    if (input.data[i] >= 'a' && input.data[i] <= 'z') input.data[i] = (uint8_t)(input.data[i] - 32);
  return input;
}

/* The input without white space around it; it is not copied. */
TWINWALL_FUNCTION(trim, input) {
  while (input.length != 0 && is_space(input.data[input.length - 1])) input.length--;
  while (input.length != 0 && is_space(input.data[0])) input.data++, input.length--;
  return input;
}

TWINWALL_FUNCTION(greet, name) {
  twinwall_check_utf8(name);
  twinwall_bytes result = twinwall_new(greeting.length + 2 + name.length + 1);
  result.length = 0;
  append(&result, greeting.data, greeting.length);
  append(&result, ", ", 2);
  append(&result, name.data, name.length);
  append(&result, "!", 1);
  return result;
}

TWINWALL_FUNCTION(language, input) {
  (void)input;
#ifdef __cplusplus
  return twinwall_copy_text("C++");
#else
  return twinwall_copy_text("C");
#endif
}

/* How many words the text has, and how many of them the host knows. */
TWINWALL_FUNCTION(count_words, text) {
  twinwall_check_utf8(text);
  uint32_t words = 0, known = 0;
  for (size_t at = 0; at < text.length;) {
    const size_t start = at;
    while (at < text.length && !is_space(text.data[at])) at++;
    if (at == start) {
      at++;
      continue;
    }
    const twinwall_bytes answer = lookup(text.data + start, at - start);
    words++;
    known += answer.length != 0;
    twinwall_drop(answer);
  }
  twinwall_bytes result = twinwall_new(40);
  result.length = 0;
  append_number(&result, words);
  append(&result, " words, ", 8);
  append_number(&result, known);
  append(&result, " known", 6);
  return result;
}

TWINWALL_EXPORT(add) int32_t add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/* A number of this session's own. */
TWINWALL_EXPORT(count) uint32_t count(void) { return ++total; }

/* All that this session has collected. */
TWINWALL_FUNCTION(collect, more) {
  twinwall_bytes all = twinwall_new(kept.length + more.length);
  all.length = 0;
  append(&all, kept.data, kept.length);
  append(&all, more.data, more.length);
  twinwall_drop(kept);
  kept = all;
  return twinwall_copy(kept.data, kept.length);
}

/* Fails on zero. */
TWINWALL_EXPORT(divide) int32_t divide(int32_t dividend, int32_t divisor) {
  if (divisor == 0) twinwall_fail_text(7, "division by zero");
  if (divisor == -1) return (int32_t)(0 - (uint32_t)dividend);
  return dividend / divisor;
}

/* Fails with the input as the reason. */
TWINWALL_FUNCTION(refuse, reason) {
  twinwall_check_utf8(reason);
  twinwall_fail(42, reason.data, reason.length);
}

/* So many zero bytes. */
TWINWALL_FUNCTION(zeros, number) {
  size_t length = 0;
  for (size_t i = 0; i < number.length; i++) {
    if (number.data[i] < '0' || number.data[i] > '9' || __builtin_mul_overflow(length, 10, &length) ||
        __builtin_add_overflow(length, (size_t)(number.data[i] - '0'), &length))
      twinwall_fail_text(1, "not a number");
  }
  twinwall_bytes result = twinwall_new(length);
  for (size_t i = 0; i < length; i++) result.data[i] = 0;
  return result;
}
