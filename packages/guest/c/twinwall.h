/*
 * Functions that Twinwall runs, in C11 or C++17: bytes in, bytes out.
 *
 *     #include "twinwall.h"
 *
 *     TWINWALL_FUNCTION(upper, input) {
 *       twinwall_bytes result = twinwall_new(input.length);
 *       for (size_t i = 0; i < input.length; i++)
 *         result.data[i] = input.data[i] >= 'a' && input.data[i] <= 'z' ? input.data[i] - 32 : input.data[i];
 *       return result;
 *     }
 *
 *     TWINWALL_EXPORT(add) int32_t add(int32_t a, int32_t b) { return a + b; }
 *
 * With clang and wasi-libc (of Debian: clang, lld, wasi-libc, libclang-rt-14-dev-wasm32, or 19 in Debian 13):
 *
 *     clang --target=wasm32-wasi -mexec-model=reactor -O2 -I DIRECTORY guest.c -o guest.wasm
 *
 * With clang and lld alone:
 *
 *     clang --target=wasm32 -ffreestanding -nostdlib -mbulk-memory -Wl,--no-entry -O2 -I DIRECTORY guest.c -o guest.wasm
 *
 * Add `-Wl,-z,stack-size=32768 -Wl,--stack-first`: what a call may write is put back after it, and a stack that overflows
 * traps. The header may be included by several files of a module.
 */
#ifndef TWINWALL_H
#define TWINWALL_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__wasm32__)
#error "twinwall.h is for guests: compile with clang --target=wasm32-wasi or --target=wasm32"
#endif

#if __STDC_HOSTED__
#include <stdlib.h>
#endif

#ifdef __cplusplus
#define TWINWALL_C extern "C"
extern "C" {
#else
#define TWINWALL_C
#endif

/* Bytes of this module's memory. Of length 0, the pointer says nothing. */
typedef struct twinwall_bytes {
  uint8_t *data;
  size_t length;
} twinwall_bytes;

/* Codes of failures that this header reports. A guest's own are above zero. */
#define TWINWALL_NOT_UTF8 (-2)
#define TWINWALL_OUT_OF_MEMORY (-3)

/* ---- Functions and imports ---------------------------------------------------------------------------------------- */

/*
 * Defines a function on bytes and exports it: `TWINWALL_FUNCTION(upper, input) { … return result; }`.
 *
 * `input` is of type twinwall_bytes; the function may change its bytes. It returns twinwall_bytes: what it allocated by
 * twinwall_new, twinwall_copy or, where there is a C library, malloc; or a part of the input; or nothing, twinwall_none().
 * Twinwall frees the input and the result before the next call. Static data must be copied.
 */
#define TWINWALL_FUNCTION(name, input)                                                                       \
  static twinwall_bytes name(twinwall_bytes input);                                                          \
  TWINWALL_EXPORT(name) uint64_t twinwall_export_##name(uint8_t *data, size_t length) {                      \
    twinwall_bytes placed = twinwall_view(data, length);                                                     \
    return twinwall_lend(placed, name(placed));                                                              \
  }                                                                                                          \
  static twinwall_bytes name(twinwall_bytes input)

/* In front of a function on scalars (int32_t, int64_t, float, double), exports it: `TWINWALL_EXPORT(add) int32_t add(…)`. */
#define TWINWALL_EXPORT(name) TWINWALL_C __attribute__((export_name(#name)))

/* Defines the function that gets the `init` data of `Sandbox.create` before the snapshot: `TWINWALL_INIT(data) { … }`. */
#define TWINWALL_INIT(input)                                                                                 \
  static void twinwall_init(twinwall_bytes input);                                                           \
  TWINWALL_EXPORT(twinwall_init) void twinwall_export_init(uint8_t *data, size_t length) {                   \
    twinwall_init(twinwall_view(data, length));                                                              \
  }                                                                                                          \
  static void twinwall_init(twinwall_bytes input)

/*
 * Declares a function of the host's on bytes: after `TWINWALL_HOST_FUNCTION(lookup)` there is
 * `twinwall_bytes lookup(const void *data, size_t length)`. Its answer is the caller's, to be given to twinwall_drop.
 */
#define TWINWALL_HOST_FUNCTION(name)                                                                         \
  TWINWALL_IMPORT(name) uint64_t twinwall_import_##name(const void *data, size_t length);                    \
  static inline twinwall_bytes name(const void *data, size_t length) {                                       \
    return twinwall_unpack(twinwall_import_##name(data, length));                                            \
  }

/* In front of a declaration, a function of the host's on scalars: `TWINWALL_IMPORT(now) int64_t now(void);`. */
#define TWINWALL_IMPORT(name) TWINWALL_C __attribute__((import_module("twinwall"), import_name(#name)))

/* ---- Failures ----------------------------------------------------------------------------------------------------- */

/* Where the stack is when a call begins; Twinwall runs what sets it before everything else. */
__attribute__((weak)) size_t twinwall_stack_top;

__attribute__((import_module("twinwall"), import_name("fail"))) void twinwall_import_fail(
    int32_t code, const void *text, size_t length);

/*
 * Ends the call: E_GUEST_ERROR for the host, with this code and the first 4096 bytes of this text. A session goes on.
 * It never returns; what the functions under way allocated stays allocated.
 */
__attribute__((weak, noreturn)) void twinwall_fail(int32_t code, const void *text, size_t length) {
  /* Nothing returns through the functions under way, so nobody else puts their stack back. */
  if (twinwall_stack_top != 0)
    __asm__ volatile(".globaltype __stack_pointer, i32\n\tlocal.get %0\n\tglobal.set __stack_pointer"
                     :
                     : "r"(twinwall_stack_top));
  twinwall_import_fail(code, text, length);
  __builtin_trap();
}

/* The same with a text that ends with a zero. */
__attribute__((noreturn)) static inline void twinwall_fail_text(int32_t code, const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  twinwall_fail(code, text, length);
}

#if __STDC_HOSTED__
/* Called by `_initialize`, which wasi-libc has. */
__attribute__((weak, constructor)) void twinwall_keep_stack_top(void) {
#else
void __wasm_call_ctors(void);
__attribute__((weak, export_name("_initialize"))) void _initialize(void) {
  __wasm_call_ctors();
#endif
  size_t top;
  __asm__ volatile(".globaltype __stack_pointer, i32\n\tglobal.get __stack_pointer\n\tlocal.set %0" : "=r"(top));
  twinwall_stack_top = top;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

#if __STDC_HOSTED__

/* Exported: gives memory, aligned for every type; NULL where there is none. */
__attribute__((weak, export_name("twinwall_allocate"))) void *twinwall_allocate(size_t size) {
  return malloc(size != 0 ? size : 1);
}

/* Exported: takes memory back that twinwall_allocate, twinwall_new or twinwall_copy gave. */
__attribute__((weak, export_name("twinwall_free"))) void twinwall_free(void *data, size_t size) {
  (void)size;
  free(data);
}

#else

/*
 * Without a C library: blocks with a head in front, and a list of those that are free, by address. What is taken first is
 * the first free block that is large enough, else new memory behind the last block.
 */
typedef struct twinwall_block {
  size_t size; /* of the bytes behind the head, a multiple of 16 */
  struct twinwall_block *next;
  size_t unused[2];
} twinwall_block;

/* The linker places it behind stack and static data. */
extern uint8_t __heap_base;

__attribute__((weak)) twinwall_block *twinwall_free_blocks;
/* Where the last block ends; 0 before there is one. */
__attribute__((weak)) size_t twinwall_heap_end;

static inline size_t twinwall_block_end(const twinwall_block *block) {
  return (size_t)(block + 1) + block->size;
}

/* Makes the memory reach to `end`; 0 when it cannot. */
static inline int twinwall_reach(size_t end) {
  size_t pages = end / 65536 + (end % 65536 != 0);
  size_t present = __builtin_wasm_memory_size(0);
  return pages <= present || __builtin_wasm_memory_grow(0, pages - present) != (size_t)-1;
}

__attribute__((weak, export_name("twinwall_allocate"))) void *twinwall_allocate(size_t size) {
  const size_t head = sizeof(twinwall_block);
  if (size > SIZE_MAX / 2) return NULL;
  size = size == 0 ? 16 : (size + 15) / 16 * 16;
  for (twinwall_block **link = &twinwall_free_blocks; *link != NULL; link = &(*link)->next) {
    twinwall_block *block = *link;
    if (block->size < size) continue;
    if (block->size - size < 2 * head) {
      *link = block->next;
    } else {
      twinwall_block *rest = (twinwall_block *)((size_t)(block + 1) + size);
      rest->size = block->size - size - head;
      rest->next = block->next;
      *link = rest;
      block->size = size;
    }
    return block + 1;
  }
  if (twinwall_heap_end == 0) twinwall_heap_end = ((size_t)&__heap_base + 15) / 16 * 16;
  twinwall_block *block = (twinwall_block *)twinwall_heap_end;
  if (twinwall_heap_end > SIZE_MAX - head - size || !twinwall_reach(twinwall_heap_end + head + size)) return NULL;
  twinwall_heap_end += head + size;
  block->size = size;
  return block + 1;
}

/* Joins a free block with the free one behind it, if they touch. */
static inline void twinwall_join(twinwall_block *block) {
  twinwall_block *next = block->next;
  if (next == NULL || twinwall_block_end(block) != (size_t)next) return;
  block->size += sizeof(twinwall_block) + next->size;
  block->next = next->next;
}

__attribute__((weak, export_name("twinwall_free"))) void twinwall_free(void *data, size_t size) {
  (void)size;
  if (data == NULL) return;
  twinwall_block *block = (twinwall_block *)data - 1;
  twinwall_block **link = &twinwall_free_blocks, *before = NULL;
  for (; *link != NULL && *link < block; link = &(*link)->next) before = *link;
  block->next = *link;
  *link = block;
  twinwall_join(block);
  if (before != NULL) twinwall_join(before);
}

#endif

/* No bytes. */
static inline twinwall_bytes twinwall_none(void) {
  twinwall_bytes none = {NULL, 0};
  return none;
}

/* Bytes that are somewhere already. */
static inline twinwall_bytes twinwall_view(uint8_t *data, size_t length) {
  twinwall_bytes view = {data, length};
  return length == 0 ? twinwall_none() : view;
}

/* New bytes, not cleared; fails with TWINWALL_OUT_OF_MEMORY. */
static inline twinwall_bytes twinwall_new(size_t length) {
  if (length == 0) return twinwall_none();
  uint8_t *data = (uint8_t *)twinwall_allocate(length);
  if (data == NULL) twinwall_fail_text(TWINWALL_OUT_OF_MEMORY, "there is no memory for the bytes");
  return twinwall_view(data, length);
}

/* A copy; fails with TWINWALL_OUT_OF_MEMORY. */
static inline twinwall_bytes twinwall_copy(const void *data, size_t length) {
  twinwall_bytes copy = twinwall_new(length);
#if __STDC_HOSTED__ || defined(__wasm_bulk_memory__)
  if (length != 0) __builtin_memcpy(copy.data, data, length);
#else
  for (size_t i = 0; i < length; i++) copy.data[i] = ((const uint8_t *)data)[i];
#endif
  return copy;
}

/* A copy of a text that ends with a zero, without the zero. */
static inline twinwall_bytes twinwall_copy_text(const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return twinwall_copy(text, length);
}

/* Frees bytes that twinwall_new or twinwall_copy gave, or that a host function answered. */
static inline void twinwall_drop(twinwall_bytes bytes) {
  if (bytes.data != NULL) twinwall_free(bytes.data, bytes.length);
}

/* What the macros above call: `pointer << 32 | length`. */
static inline uint64_t twinwall_lend(twinwall_bytes input, twinwall_bytes result) {
  if (result.length != 0) return (uint64_t)(size_t)result.data << 32 | result.length;
  /* Twinwall gives no empty result back. */
  const size_t offset = (size_t)result.data - (size_t)input.data;
  if (offset > input.length) twinwall_drop(result);
  return 0;
}

static inline twinwall_bytes twinwall_unpack(uint64_t packed) {
  return twinwall_view((uint8_t *)(size_t)(packed >> 32), (size_t)(packed & 0xffffffff));
}

/* ---- Text --------------------------------------------------------------------------------------------------------- */

/* Length of the UTF-8 sequence at the start of `length` > 0 bytes; 0 when it is none. */
static inline size_t twinwall_utf8_sequence(const uint8_t *data, size_t length) {
  const uint8_t first = data[0];
  if (first < 0x80) return 1;
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || length < size) return 0;
  /* The second byte is what rules out long forms, surrogates and what is above U+10FFFF. */
  const uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (data[1] < least || data[1] > most) return 0;
  for (size_t i = 2; i < size; i++)
    if ((data[i] & 0xc0) != 0x80) return 0;
  return size;
}

/* Fails with TWINWALL_NOT_UTF8 where the bytes are not UTF-8. */
static inline void twinwall_check_utf8(twinwall_bytes text) {
  for (size_t at = 0; at < text.length;) {
    const size_t size = twinwall_utf8_sequence(text.data + at, text.length - at);
    if (size == 0) twinwall_fail_text(TWINWALL_NOT_UTF8, "the input is not UTF-8");
    at += size;
  }
}

#ifdef __cplusplus
}
#endif

#endif
