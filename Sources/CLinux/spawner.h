// What spawn.c and spawner.c have in common.

#ifndef CADRE_SPAWNER_H
#define CADRE_SPAWNER_H

#include "cadre_spawn.h"

// Spawns from the calling thread.
int cadre_spawn_here(struct cadre_spawn *spawn);

// Whether the child needs a bounding set that the calling thread may have given up.
bool cadre_spawn_needs_spawner(const struct cadre_spawn *spawn);

// Spawns from the thread that has kept it.
int cadre_spawn_by_spawner(struct cadre_spawn *spawn);

// Whether the calling thread gave it up.
bool cadre_has_no_bounding_set(void);

#endif
