//go:build cgo && !noxla && linux && amd64

#include "table.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

typedef void *(*function)(void *args); // returns an error, or NULL

typedef struct {
  size_t size;
  void *extension;
  struct {
    size_t size;
    void *extension;
    int major, minor;
  } version;
  function functions[];
} table;

enum { ERROR_DESTROY = 0, COMPILE = 20, EXECUTABLE_DESTROY = 40, SERIALISE = 49, GET_EXECUTABLE = 51, DESERIALISE = 56 };

static const table *real;

static void *compile(void *args) { return compiledCompile(args); }

const void *table_open(const char *path) {
  void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  const table *(*get)(void) = handle ? (const table *(*)(void))dlsym(handle, "GetPjrtApi") : NULL;
  const table *t = get ? get() : NULL;
  if (!t || t->version.major != 0 || t->size <= offsetof(table, functions) + DESERIALISE * sizeof(function)) {
    if (handle) dlclose(handle);
    return NULL;
  }
  table *ours = malloc(t->size);
  if (!ours) return NULL;
  memcpy(ours, t, t->size);
  ours->functions[COMPILE] = compile;
  real = t;
  return ours;
}

void error_free(void *error) {
  struct { size_t size; void *extension, *error; } args = {sizeof args, NULL, error};
  real->functions[ERROR_DESTROY](&args); // the one function that returns nothing
}

// call is 0 if the function failed.
static int call(int function, void *args) {
  void *error = real->functions[function](args);
  if (error) error_free(error);
  return !error;
}

void *compile_anew(compile_args *args) {
  void *error = real->functions[COMPILE](args);
#ifdef __GLIBC__
  malloc_trim(0); // a compiler leaves as much freed memory behind as a small model takes
#endif
  return error;
}

void return_freed(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int compiled_load(compile_args *args, const char *bytes, size_t size) {
  struct {
    size_t size;
    void *extension, *client;
    const char *bytes;
    size_t bytes_size;
    void *executable; // out
    const char *options;
    size_t options_size;
  } a = {sizeof a, NULL, args->client, bytes, size, NULL, NULL, 0};
  if (!call(DESERIALISE, &a) || !a.executable) return 0;
  args->executable = a.executable;
  return 1;
}

int compiled_serialise(void *loaded, serialised *out) {
  struct { size_t size; void *extension, *loaded, *executable; } get = {sizeof get, NULL, loaded, NULL};
  if (!call(GET_EXECUTABLE, &get)) return 0;
  struct { size_t size; void *extension, *executable; serialised out; } a = {sizeof a, NULL, get.executable, {0}};
  int ok = call(SERIALISE, &a);
  struct { size_t size; void *extension, *executable; } destroy = {sizeof destroy, NULL, get.executable};
  call(EXECUTABLE_DESTROY, &destroy);
  *out = a.out;
  return ok;
}

void compiled_drop(serialised *s) {
  if (s->drop) s->drop(s->owner);
}
