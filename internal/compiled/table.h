// The part of PJRT's C interface (openxla/xla, xla/pjrt/c/pjrt_c_api.h, major version 0) that keeping programs needs. Within
// a major version nothing moves: new functions and fields come last.

#ifndef EGOTSR_COMPILED_TABLE_H
#define EGOTSR_COMPILED_TABLE_H

#include <stddef.h>

typedef struct {
  size_t size;
  void *extension;
  void *client;
  const struct program *program;
  const char *options;
  size_t options_size;
  void *executable; // out
} compile_args;

typedef struct program {
  size_t size;
  void *extension;
  char *code;
  size_t code_size;
  const char *format;
  size_t format_size;
} program;

typedef struct {
  const char *bytes;
  size_t size;
  void *owner; // of bytes
  void (*drop)(void *owner);
} serialised;

// table_open loads the plugin and gives its table of functions, with compile in the place of the plugin's own; or NULL.
const void *table_open(const char *path);

// compile_anew is the plugin's own compiler. It returns the plugin's error.
void *compile_anew(compile_args *args);
void error_free(void *error);

// return_freed has blocks of a megabyte and more mapped one by one, so that what is freed is the system's at once.
void return_freed(void);

// compiled_load puts a program that was serialised into args->executable, and is 0 where the plugin will not have it.
int compiled_load(compile_args *args, const char *bytes, size_t size);

// compiled_serialise gives the bytes of a compiled program, and is 0 where the plugin cannot.
int compiled_serialise(void *executable, serialised *out);
void compiled_drop(serialised *s);

#endif
