#define _GNU_SOURCE

#include "CLinux.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

// Unmaps the pages of one object that can be read from its file again.
static int forget_pages(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size;
    (void)unused;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        // What was ever writable, be it only while it was relocated (PT_GNU_RELRO), differs from the file.
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) {
            continue;
        }
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_filesz + page - 1) & ~(page - 1);
        // The vDSO has no file, and the kernel refuses.
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void cadre_release_memory(void) {
    malloc_trim(0);
    dl_iterate_phdr(forget_pages, NULL);
}
