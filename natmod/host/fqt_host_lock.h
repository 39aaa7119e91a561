// A lock of the operating system: one of two threads waits. MinGW's own pthread library would have to travel with the
// core's; Windows has a lock that needs no other.
#ifndef FQT_HOST_LOCK_H
#define FQT_HOST_LOCK_H

#ifdef _WIN32

#include <windows.h>

typedef SRWLOCK fqt_host_lock_t;

static inline void fqt_host_lock_init(fqt_host_lock_t *lock) {
    InitializeSRWLock(lock);
}

static inline void fqt_host_lock_destroy(fqt_host_lock_t *lock) {
    (void)lock; // it owns nothing
}

static inline void fqt_host_lock_take(fqt_host_lock_t *lock) {
    AcquireSRWLockExclusive(lock);
}

static inline void fqt_host_lock_give(fqt_host_lock_t *lock) {
    ReleaseSRWLockExclusive(lock);
}

#else

#include <pthread.h>

typedef pthread_mutex_t fqt_host_lock_t;

static inline void fqt_host_lock_init(fqt_host_lock_t *lock) {
    pthread_mutex_init(lock, NULL);
}

static inline void fqt_host_lock_destroy(fqt_host_lock_t *lock) {
    pthread_mutex_destroy(lock);
}

static inline void fqt_host_lock_take(fqt_host_lock_t *lock) {
    pthread_mutex_lock(lock);
}

static inline void fqt_host_lock_give(fqt_host_lock_t *lock) {
    pthread_mutex_unlock(lock);
}

#endif

#endif
