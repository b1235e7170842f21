// A thread that keeps what another one gives up.
//
// To drop a capability from the bounding set costs a copy of the credentials, and there are forty of them: that would make
// a spawn a seventh slower. But credentials are those of a thread (credentials(7)), and a child has those of the thread
// that makes it. So the thread that makes most of them gives its bounding set up once, which takes nothing from itself: it
// matters to what is executed only. A child that is to have capabilities is made by another thread, which still has all.

#define _GNU_SOURCE

#include "CLinux.h"

#include <semaphore.h>
#include <sys/prctl.h>

#include "spawn.h"

static pthread_mutex_t use = PTHREAD_MUTEX_INITIALIZER;
static sem_t is_wanted, is_done;
static struct cadre_spawn *wanted;
// Whether any thread has given up its bounding set; threads that it has started since have none either.
static bool has_spawner;
static __thread bool gave_up;

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) {
        // EINTR.
    }
}

static void *serve(void *unused) {
    (void)unused;
    while (true) {
        wait_for(&is_wanted);
        cadre_spawn_from_here(wanted, false);
        sem_post(&is_done);
    }
    return NULL;
}

static int start_spawner(void) {
    if (has_spawner) {
        return 0;
    }
    sem_init(&is_wanted, 0, 0);
    sem_init(&is_done, 0, 0);
    // Signals are for the threads that wait for them.
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &previous);
    pthread_t thread;
    const int error = pthread_create(&thread, NULL, serve, NULL);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    if (error != 0) {
        errno = error;
        return -1;
    }
    pthread_setname_np(thread, "cadre-spawn");
    pthread_detach(thread);
    __atomic_store_n(&has_spawner, true, __ATOMIC_RELEASE);
    return 0;
}

int cadre_give_up_bounding_set(void) {
    pthread_mutex_lock(&use);
    const int started = start_spawner();
    pthread_mutex_unlock(&use);
    if (started != 0) {
        return -1;
    }
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != -1; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            return -1;
        }
    }
    gave_up = true;
    return 0;
}

// Whether the child needs a bounding set that the calling thread may have given up.
static bool needs_spawner(const struct cadre_spawn *spawn) {
    return __atomic_load_n(&has_spawner, __ATOMIC_ACQUIRE)
           && (!spawn->privileges.limit_capabilities || spawn->privileges.capabilities != 0);
}

static int spawn_from_spawner(struct cadre_spawn *spawn) {
    pthread_mutex_lock(&use);
    wanted = spawn;
    sem_post(&is_wanted);
    wait_for(&is_done);
    pthread_mutex_unlock(&use);
    return spawn->failed_step == CADRE_SPAWN_DONE ? 0 : -1;
}

int cadre_spawn(struct cadre_spawn *spawn) {
    return needs_spawner(spawn) ? spawn_from_spawner(spawn) : cadre_spawn_from_here(spawn, gave_up);
}
