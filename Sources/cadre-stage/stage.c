// What all parts of the stage use of the plan.

#include "stage.h"

#include <errno.h>
#include <unistd.h>

void *stage_at(struct cadre_stage_plan *plan, uint32_t offset) {
    return offset == 0 ? NULL : (char *)plan + offset;
}

void stage_fail(struct cadre_stage_plan *plan, enum cadre_stage_step step, size_t index) {
    plan->error = errno;
    plan->failed_index = (uint32_t)index;
    plan->failed_step = step;
    _exit(127);
}
