/* Lets a write, a sync or a truncation on files below a folder fail, as a disk does that is full or
 * broken. Preloaded into the program (LD_PRELOAD); set by the environment:
 *
 *   CARTAGE_FAULT_PREFIX  files whose path begins with this
 *   CARTAGE_FAULT_PART    and has this in it (optional): journal.db
 *   CARTAGE_FAULT_NTH     the n-th call fails, counted from 1; 0: none does, they are only counted
 *   CARTAGE_FAULT_KIND    EIO or ENOSPC; of a sync always EIO
 *   CARTAGE_FAULT_ON      1: all calls from the n-th on fail
 *   CARTAGE_FAULT_REPORT  a file: "<calls>\n", and "failed <call> <path>\n" for the first that failed
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls, failed;
static char failed_call[16], failed_path[4096];

static const char *set(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static int concerns(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return 0;
    path[length] = 0;
    const char *prefix = set("CARTAGE_FAULT_PREFIX");
    return *prefix && !strncmp(path, prefix, strlen(prefix)) && strstr(path, set("CARTAGE_FAULT_PART"));
}

/* What is to be reported is written as it happens: the program may end in any way. */
static void report(void) {
    const char *path = set("CARTAGE_FAULT_REPORT");
    if (!*path) return;
    char text[4300];
    int length = snprintf(text, sizeof text, "%ld\n", __atomic_load_n(&calls, __ATOMIC_SEQ_CST));
    if (__atomic_load_n(&failed, __ATOMIC_SEQ_CST))
        length += snprintf(text + length, sizeof text - (size_t)length, "failed %s %s\n", failed_call, failed_path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) return;
    syscall(SYS_write, fd, text, (size_t)length);
    syscall(SYS_close, fd);
}

__attribute__((destructor)) static void at_the_end(void) { report(); }

static int fails(int fd, const char *call, int is_sync) {
    char path[4096];
    int before = errno;
    if (!concerns(fd, path, sizeof path)) {
        errno = before;
        return 0;
    }
    errno = before;
    long nth = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST), wanted = atol(set("CARTAGE_FAULT_NTH"));
    if (!wanted || nth < wanted || (nth > wanted && !*set("CARTAGE_FAULT_ON"))) return 0;
    if (!__atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST)) {
        snprintf(failed_call, sizeof failed_call, "%s", call);
        snprintf(failed_path, sizeof failed_path, "%s", path);
        report();
    }
    errno = !is_sync && !strcmp(set("CARTAGE_FAULT_KIND"), "ENOSPC") ? ENOSPC : EIO;
    return 1;
}

#define REAL(type, name, arguments) \
    static type (*real) arguments; \
    if (!real) real = (type (*) arguments)dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *from, size_t count) {
    if (fails(fd, "write", 0)) return -1;
    REAL(ssize_t, "write", (int, const void *, size_t));
    return real(fd, from, count);
}

ssize_t writev(int fd, const struct iovec *from, int count) {
    if (fails(fd, "writev", 0)) return -1;
    REAL(ssize_t, "writev", (int, const struct iovec *, int));
    return real(fd, from, count);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    if (fails(fd, "pwrite", 0)) return -1;
    REAL(ssize_t, "pwrite", (int, const void *, size_t, off_t));
    return real(fd, from, count, at);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    if (fails(fd, "pwrite64", 0)) return -1;
    REAL(ssize_t, "pwrite64", (int, const void *, size_t, off64_t));
    return real(fd, from, count, at);
}

int fsync(int fd) {
    if (fails(fd, "fsync", 1)) return -1;
    REAL(int, "fsync", (int));
    return real(fd);
}

int fdatasync(int fd) {
    if (fails(fd, "fdatasync", 1)) return -1;
    REAL(int, "fdatasync", (int));
    return real(fd);
}

int ftruncate(int fd, off_t size) {
    if (fails(fd, "ftruncate", 0)) return -1;
    REAL(int, "ftruncate", (int, off_t));
    return real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    if (fails(fd, "ftruncate64", 0)) return -1;
    REAL(int, "ftruncate64", (int, off64_t));
    return real(fd, size);
}
