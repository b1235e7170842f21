// The parts of the stage. Each ends the program if it fails, after it said so in the plan.

#ifndef STAGE_H
#define STAGE_H

#include "cadre_stage.h"

#include <stddef.h>

// What the plan has at an offset.
void *stage_at(struct cadre_stage_plan *plan, uint32_t offset);

// Notes what failed, with errno, and ends.
_Noreturn void stage_fail(struct cadre_stage_plan *plan, enum cadre_stage_step step, size_t index);

// Enters a network of its own, in which there is only the loopback interface.
void stage_enter_network(struct cadre_stage_plan *plan);

// Enters a mount namespace of its own, and changes it.
void stage_mount(struct cadre_stage_plan *plan);

// What the plan allows, as a ruleset's descriptor; -1 if Landlock has nothing to do.
int stage_make_ruleset(struct cadre_stage_plan *plan);

// Puts a ruleset in force for good.
void stage_restrict(struct cadre_stage_plan *plan, int ruleset);

// Puts the plan's filter of system calls in force for good.
void stage_filter(struct cadre_stage_plan *plan);

#endif
