/* Preloaded into `fluxa mock --db` by tests/e2e/crash.rs, and into `fluxa keys rotate` by
 * tests/e2e/keys_rotation.rs. Counts what changes the files it is told of and
 * kills the process at the n-th such call, or holds a sync until it is told to go on. Linux only. It
 * calls the kernel itself, so that nothing depends on what else is preloaded.
 *
 *   FLUXA_SHIM_FILES  the files: every path that starts with this
 *   FLUXA_SHIM_KILL   kill at this call, before it is made
 *   FLUXA_SHIM_FULL   "1": the disk is full: nothing is written to the files
 *   FLUXA_SHIM_TEAR   "1": make half of it first, if it writes bytes
 *   FLUXA_SHIM_COUNT  keep the number of calls in this file
 *   FLUXA_SHIM_HOLD   while this file exists, a sync waits; `<file>.reached` says that one does
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 65536

static const char *files, *hold;
static char reached[4096];
static long kill_at;
static int full, tear, count_fd = -1;
static atomic_long calls;
static _Atomic char ours[DESCRIPTORS];

__attribute__((constructor)) static void prepare(void) {
  const char *text = getenv("FLUXA_SHIM_KILL");
  files = getenv("FLUXA_SHIM_FILES");
  kill_at = text ? atol(text) : 0;
  text = getenv("FLUXA_SHIM_TEAR");
  tear = text && *text == '1';
  text = getenv("FLUXA_SHIM_FULL");
  full = text && *text == '1';
  hold = getenv("FLUXA_SHIM_HOLD");
  if (hold) snprintf(reached, sizeof reached, "%s.reached", hold);
  text = getenv("FLUXA_SHIM_COUNT");
  if (text) count_fd = (int)syscall(SYS_openat, AT_FDCWD, text, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) { return files && path && strncmp(path, files, strlen(files)) == 0; }

static int tracked(int fd) { return fd >= 0 && fd < DESCRIPTORS && ours[fd]; }

/* Returns when the call may be made. */
static void step(int fd, const void *bytes, size_t length, off_t offset) {
  long call = atomic_fetch_add(&calls, 1) + 1;
  if (count_fd >= 0) {
    char text[24];
    int size = snprintf(text, sizeof text, "%020ld\n", call);
    syscall(SYS_pwrite64, count_fd, text, (size_t)size, (off_t)0);
  }
  if (kill_at == 0 || call < kill_at) return;
  if (call == kill_at) {
    if (tear && bytes && length > 1) {
      if (offset < 0) syscall(SYS_write, fd, bytes, length / 2);
      else syscall(SYS_pwrite64, fd, bytes, length / 2, offset);
    }
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  }
  /* Another thread's call after the fatal one: it is never made. */
  for (;;) pause();
}

static void held(void) {
  struct timespec moment = {0, 1000000};
  if (!hold) return;
  while (syscall(SYS_faccessat, AT_FDCWD, hold, F_OK) == 0) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, reached, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) syscall(SYS_close, fd);
    nanosleep(&moment, NULL);
  }
}

static int open_at(int directory, const char *path, int flags, mode_t mode) {
  int fd = (int)syscall(SYS_openat, directory, path, flags, mode);
  if (fd >= 0 && fd < DESCRIPTORS) ours[fd] = (char)is_ours(path);
  return fd;
}

static mode_t mode_of(int flags, va_list rest) {
  return flags & (O_CREAT | __O_TMPFILE) ? (mode_t)va_arg(rest, int) : 0;
}

#define OPEN(name)                                   \
  int name(const char *path, int flags, ...) {       \
    va_list rest;                                    \
    va_start(rest, flags);                           \
    mode_t mode = mode_of(flags, rest);              \
    va_end(rest);                                    \
    return open_at(AT_FDCWD, path, flags, mode);     \
  }
#define OPENAT(name)                                             \
  int name(int directory, const char *path, int flags, ...) {    \
    va_list rest;                                                \
    va_start(rest, flags);                                       \
    mode_t mode = mode_of(flags, rest);                          \
    va_end(rest);                                                \
    return open_at(directory, path, flags, mode);                \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
  if (fd >= 0 && fd < DESCRIPTORS) ours[fd] = 0;
  return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (tracked(fd)) {
    step(fd, bytes, length, -1);
    if (full) {
      errno = ENOSPC;
      return -1;
    }
  }
  return syscall(SYS_write, fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  if (tracked(fd)) step(fd, bytes, length, offset);
  return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  if (tracked(fd)) step(fd, bytes, length, offset);
  return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

int ftruncate(int fd, off_t length) {
  if (tracked(fd)) step(fd, NULL, 0, -1);
  return (int)syscall(SYS_ftruncate, fd, length);
}

int ftruncate64(int fd, off_t length) {
  if (tracked(fd)) step(fd, NULL, 0, -1);
  return (int)syscall(SYS_ftruncate, fd, length);
}

int fsync(int fd) {
  if (tracked(fd)) {
    step(fd, NULL, 0, -1);
    held();
  }
  return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  if (tracked(fd)) {
    step(fd, NULL, 0, -1);
    held();
  }
  return (int)syscall(SYS_fdatasync, fd);
}

int unlink(const char *path) {
  if (is_ours(path)) step(-1, NULL, 0, -1);
  return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int rename(const char *from, const char *to) {
  if (is_ours(from) || is_ours(to)) step(-1, NULL, 0, -1);
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
