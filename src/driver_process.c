/*
** driver_process.c: the process's number without a system call, which every small statement would
** need several of (is this a forked child?) and which is dear on virtual machines.
**
** It is kept in a page of its own that the kernel empties in a child (MADV_WIPEONFORK), however that
** was made; a handler of pthread_atfork would miss _Fork() and clone(). Without such pages it is asked
** for each time.
*/
#include "driver_support.h"
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef MADV_WIPEONFORK

static _Atomic(atomic_int *) page; /* NULL: not made yet */
static atomic_int none;            /* `page` points here when there can be none */

static atomic_int *page_make(void) {
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  atomic_int *made = memory, *before = NULL;
  if (memory == MAP_FAILED) {
    made = &none;
  } else if (madvise(memory, size, MADV_WIPEONFORK) != 0) {
    munmap(memory, size);
    made = &none;
  }
  if (atomic_compare_exchange_strong(&page, &before, made)) return made;
  if (made != &none) munmap(memory, size);
  return before;
}

pid_t driver_process(void) {
  atomic_int *kept = atomic_load_explicit(&page, memory_order_acquire);
  if (kept == NULL) kept = page_make();
  if (kept == &none) return getpid();
  pid_t process = atomic_load_explicit(kept, memory_order_relaxed);
  if (process == 0) {
    process = getpid();
    atomic_store_explicit(kept, process, memory_order_relaxed);
  }
  return process;
}

#else

pid_t driver_process(void) {
  return getpid();
}

#endif
