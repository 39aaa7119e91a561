// A browser's thread has a WebAssembly instance for itself: the desk's lock is none.
#ifndef FQT_WASM_PTHREAD_H
#define FQT_WASM_PTHREAD_H

typedef int pthread_mutex_t;

#define pthread_mutex_init(mutex, attributes) ((void)(mutex))
#define pthread_mutex_destroy(mutex) ((void)(mutex))
#define pthread_mutex_lock(mutex) ((void)(mutex))
#define pthread_mutex_unlock(mutex) ((void)(mutex))

#endif
