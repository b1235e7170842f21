// What spawner.c builds on.

#ifndef CADRE_SPAWN_FROM_HERE_H
#define CADRE_SPAWN_FROM_HERE_H

#include "cadre_spawn.h"

// Spawns from the calling thread, which may have given up its bounding set.
int cadre_spawn_from_here(struct cadre_spawn *spawn, bool bounding_set_is_empty);

#endif
