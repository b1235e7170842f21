// Where a supervisor's calls of the kernel are answered by a simulated one, in a program that is linked with --wrap for
// each of them (ld(1)).
//
// A call belongs to the simulation by what it is about: a descriptor from CSimulatedKernel's first one up, a path below
// /simulated, a process that no kernel could have. Calls that are about nothing yet (clocks, new descriptors) belong to it
// if the calling thread does. All others go on to the C library.

#ifndef CSIMULATEDKERNEL_H
#define CSIMULATEDKERNEL_H

#include <stdbool.h>
#include <stdint.h>

// The first of the simulated descriptors: beyond what the kernel gives to a process (fs.nr_open).
enum { simulation_first_descriptor = 1 << 20 };

// The first of the simulated processes: beyond PID_MAX_LIMIT of the kernel.
enum { simulation_first_process = 1 << 22 };

// Makes the calling thread one of the simulated process, and waits for its turn: one thread at a time acts in the
// simulation.
void simulation_enter(void);

// Lets another thread have its turn.
void simulation_leave(void);

// Ends the calling thread where it stands, as a process that is killed does: nothing of it is run any more, and the memory
// that it used stays as it is.
_Noreturn void simulation_end_thread(void);

// How many threads those of the simulation have started.
int simulation_started_threads(void);

#endif
