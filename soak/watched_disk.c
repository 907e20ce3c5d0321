/* Stands between a process and the C library, and sees what it does to the files of one folder.
 *
 * It can end the process, or have a call fail, before, within or after the n-th call of a kind, and it can
 * write down every call, so that what a power cut would have left of the folder can be worked out later.
 * `watched_disk.py` says how to steer it. Calls that change files are serialised, so that their order in the
 * record is their order in the folder.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME };

static const char *const NAMES[] = {"", "create", "write", "truncate", "sync", "unlink", "rename"};

struct record {
    uint32_t kind, path_length;
    uint64_t offset, length, began; /* `began`: how long the record was when a sync began */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX], when[16], what[64], suffix[256], trigger[PATH_MAX];
static size_t folder_length;
static long nth, passed;
static int error_number, record_file = -1, armed;
static uint64_t recorded;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_truncate)(const char *, off64_t);
static int (*real_fallocate)(int, int, off64_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_remove)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_openat)(int, const char *, int, ...);

static void take(char *into, size_t room, const char *name) {
    const char *value = getenv(name);
    snprintf(into, room, "%s", value ? value : "");
}

__attribute__((constructor)) static void begin(void) {
    char number[32], path[PATH_MAX];
    real_write = dlsym(RTLD_NEXT, "write");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_truncate = dlsym(RTLD_NEXT, "truncate64");
    real_fallocate = dlsym(RTLD_NEXT, "fallocate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_unlinkat = dlsym(RTLD_NEXT, "unlinkat");
    real_remove = dlsym(RTLD_NEXT, "remove");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    take(folder, sizeof folder, "WATCHED_FOLDER");
    folder_length = strlen(folder);
    take(when, sizeof when, "WATCHED_WHEN");
    take(what, sizeof what, "WATCHED_WHAT");
    take(suffix, sizeof suffix, "WATCHED_SUFFIX");
    take(trigger, sizeof trigger, "WATCHED_TRIGGER");
    take(number, sizeof number, "WATCHED_NTH");
    nth = atol(number);
    take(number, sizeof number, "WATCHED_ERROR");
    error_number = atoi(number);
    armed = !trigger[0];
    take(path, sizeof path, "WATCHED_RECORD");
    if (path[0])
        record_file = real_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int is_watched(const char *path) {
    return folder_length && !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

/* The path behind a descriptor if it is a file or folder that is watched. */
static int path_of(int descriptor, char *path) {
    struct stat64 status;
    char link[64];
    if (!folder_length || descriptor < 0 || fstat64(descriptor, &status))
        return 0;
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_watched(path);
}

/* The absolute path of a file that is named. */
static int path_named(int at, const char *name, char *path) {
    char parent[PATH_MAX], full[PATH_MAX];
    if (!folder_length)
        return 0;
    if (name[0] != '/' && at != AT_FDCWD) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t length = readlink(link, parent, sizeof parent - 1);
        if (length < 0)
            return 0;
        parent[length] = 0;
    } else if (name[0] != '/') {
        if (!getcwd(parent, sizeof parent))
            return 0;
    } else
        parent[0] = 0;
    if (snprintf(full, sizeof full, "%s%s%s", parent, parent[0] ? "/" : "", name) >= (int)sizeof full)
        return 0;
    char *slash = strrchr(full, '/');
    *slash = 0;
    if (!realpath(full[0] ? full : "/", parent))
        return 0;
    if (snprintf(path, PATH_MAX, "%s/%s", parent, slash + 1) >= PATH_MAX)
        return 0;
    return is_watched(path);
}

static void end_now(void) {
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Whether it is this call's turn: the n-th at the chosen place, counted since the trigger was pulled. */
static int is_due(const char *now, const char *name, const char *path) {
    if (!nth || strcmp(now, when) || strcmp(name, what))
        return 0;
    size_t length = strlen(path), wanted = strlen(suffix);
    if (length < wanted || strcmp(path + length - wanted, suffix))
        return 0;
    if ((error_number ? trigger[0] : !armed) && access(trigger, F_OK))
        return 0; /* a disk fails for as long as the trigger is there */
    armed = 1;
    return ++passed == nth;
}

/* For places that the program itself knows; ends the process when it is their turn. */
void watched_disk_passes(const char *now, const char *name, const char *detail) {
    pthread_mutex_lock(&lock);
    if (is_due(now, name, detail))
        end_now();
    pthread_mutex_unlock(&lock);
}

static int refused(enum kind kind, const char *path) {
    if (error_number && is_due("fail", NAMES[kind], path)) {
        passed--; /* it goes on failing, as broken disks do */
        errno = error_number;
        return 1;
    }
    if (is_due("before", NAMES[kind], path))
        end_now();
    return 0;
}

static void record(enum kind kind, const char *path, uint64_t offset, uint64_t length, uint64_t began, const void *data) {
    if (record_file >= 0) {
        struct record head = {kind, strlen(path) - folder_length, offset, length, began};
        struct iovec parts[] = {
            {&head, sizeof head}, {(void *)(path + folder_length), head.path_length}, {(void *)data, data ? length : 0}};
        ssize_t all = sizeof head + head.path_length + parts[2].iov_len;
        if (real_writev(record_file, parts, 3) != all)
            abort();
        recorded += all;
    }
    if (is_due("after", NAMES[kind], path))
        end_now();
}

static ssize_t written(int descriptor, const char *path, const void *data, size_t length, off64_t offset, int at_end) {
    pthread_mutex_lock(&lock);
    ssize_t done = -1;
    if (!refused(WRITE, path)) {
        int torn = length > 1 && is_due("within", NAMES[WRITE], path);
        size_t part = torn ? length / 2 : length;
        if (at_end) {
            int appends = fcntl(descriptor, F_GETFL) & O_APPEND;
            offset = lseek64(descriptor, 0, appends ? SEEK_END : SEEK_CUR);
            done = real_write(descriptor, data, part);
        } else
            done = real_pwrite(descriptor, data, part, offset);
        int problem = errno;
        if (done > 0)
            record(WRITE, path, offset, done, 0, data);
        if (torn)
            end_now();
        errno = problem;
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int descriptor, const void *data, size_t length) {
    char path[PATH_MAX];
    if (!path_of(descriptor, path))
        return real_write(descriptor, data, length);
    return written(descriptor, path, data, length, 0, 1);
}

ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t offset) {
    char path[PATH_MAX];
    if (!path_of(descriptor, path))
        return real_pwrite(descriptor, data, length, offset);
    return written(descriptor, path, data, length, offset, 0);
}

ssize_t pwrite(int descriptor, const void *data, size_t length, off_t offset) {
    return pwrite64(descriptor, data, length, offset);
}

static ssize_t gathered(int descriptor, const char *path, const struct iovec *parts, int count, off64_t offset, int at_end) {
    ssize_t total = 0;
    for (int index = 0; index < count; index++) {
        ssize_t done = written(descriptor, path, parts[index].iov_base, parts[index].iov_len, offset + total, at_end);
        if (done < 0)
            return total ? total : done;
        total += done;
        if ((size_t)done < parts[index].iov_len)
            break;
    }
    return total;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!path_of(descriptor, path))
        return real_writev(descriptor, parts, count);
    return gathered(descriptor, path, parts, count, 0, 1);
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
    char path[PATH_MAX];
    if (!path_of(descriptor, path))
        return real_pwritev(descriptor, parts, count, offset);
    return gathered(descriptor, path, parts, count, offset, 0);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    return pwritev64(descriptor, parts, count, offset);
}

static int cut(const char *path, off64_t length, int descriptor, const char *name) {
    pthread_mutex_lock(&lock);
    int done = -1;
    if (!refused(TRUNCATE, path)) {
        done = name ? real_truncate(name, length) : real_ftruncate(descriptor, length);
        if (!done)
            record(TRUNCATE, path, 0, length, 0, NULL);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate64(int descriptor, off64_t length) {
    char path[PATH_MAX];
    return path_of(descriptor, path) ? cut(path, length, descriptor, NULL) : real_ftruncate(descriptor, length);
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

int truncate64(const char *name, off64_t length) {
    char path[PATH_MAX];
    return path_named(AT_FDCWD, name, path) ? cut(path, length, -1, name) : real_truncate(name, length);
}

int truncate(const char *name, off_t length) { return truncate64(name, length); }

/* Allocating changes no content that anybody may rely on; punching holes would, so it is not offered. */
int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) {
    char path[PATH_MAX];
    if (!path_of(descriptor, path))
        return real_fallocate(descriptor, mode, offset, length);
    errno = EOPNOTSUPP;
    return -1;
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    return fallocate64(descriptor, mode, offset, length);
}

/* What was written before the sync began is safe once it has ended; other calls may go on meanwhile. */
static int synced(int descriptor, int (*real)(int)) {
    char path[PATH_MAX];
    if (!path_of(descriptor, path))
        return real(descriptor);
    pthread_mutex_lock(&lock);
    int refusal = refused(SYNC, path);
    uint64_t began = recorded;
    pthread_mutex_unlock(&lock);
    int done = refusal ? -1 : real(descriptor);
    if (!done) {
        pthread_mutex_lock(&lock);
        record(SYNC, path, 0, 0, began, NULL);
        pthread_mutex_unlock(&lock);
    }
    return done;
}

int fsync(int descriptor) { return synced(descriptor, real_fsync); }

int fdatasync(int descriptor) { return synced(descriptor, real_fdatasync); }

static int unlinked(int at, const char *name, int flags, int (*real)(const char *)) {
    char path[PATH_MAX];
    if ((flags & AT_REMOVEDIR) || !path_named(at, name, path))
        return real ? real(name) : real_unlinkat(at, name, flags);
    pthread_mutex_lock(&lock);
    int done = -1;
    if (!refused(UNLINK, path)) {
        done = real ? real(name) : real_unlinkat(at, name, flags);
        if (!done)
            record(UNLINK, path, 0, 0, 0, NULL);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int unlink(const char *name) { return unlinked(AT_FDCWD, name, 0, real_unlink); }

int remove(const char *name) { return unlinked(AT_FDCWD, name, 0, real_remove); }

int unlinkat(int at, const char *name, int flags) { return unlinked(at, name, flags, NULL); }

int rename(const char *from, const char *to) {
    char path[PATH_MAX], target[PATH_MAX];
    if (!path_named(AT_FDCWD, from, path) || !path_named(AT_FDCWD, to, target))
        return real_rename(from, to);
    pthread_mutex_lock(&lock);
    int done = -1;
    if (!refused(RENAME, path)) {
        done = real_rename(from, to);
        if (!done)
            record(RENAME, path, 0, strlen(target) - folder_length, 0, target + folder_length);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

static int opened(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE || !path_named(at, name, path))
        return real_openat(at, name, flags, mode);
    pthread_mutex_lock(&lock);
    int there = !access(path, F_OK), done = -1;
    if (there || !refused(CREATE, path)) {
        done = real_openat(at, name, flags, mode);
        int problem = errno;
        if (done >= 0 && !there)
            record(CREATE, path, 0, 0, 0, NULL);
        else if (done >= 0 && (flags & O_TRUNC))
            record(TRUNCATE, path, 0, 0, 0, NULL);
        errno = problem;
    }
    pthread_mutex_unlock(&lock);
    return done;
}

#define MODE_OF(flags)                               \
    mode_t mode = 0;                                 \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { \
        va_list rest;                                \
        va_start(rest, flags);                       \
        mode = va_arg(rest, mode_t);                 \
        va_end(rest);                                \
    }

int open64(const char *name, int flags, ...) {
    MODE_OF(flags)
    return opened(AT_FDCWD, name, flags, mode);
}

int open(const char *name, int flags, ...) {
    MODE_OF(flags)
    return opened(AT_FDCWD, name, flags, mode);
}

int openat64(int at, const char *name, int flags, ...) {
    MODE_OF(flags)
    return opened(at, name, flags, mode);
}

int openat(int at, const char *name, int flags, ...) {
    MODE_OF(flags)
    return opened(at, name, flags, mode);
}
