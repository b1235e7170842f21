// What the keeper needs that Swift cannot do safely: messages with descriptors, and children that nobody knows.

#ifndef CADRE_KEEPER_H
#define CADRE_KEEPER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Sends a message, with a descriptor unless that is -1 (SCM_RIGHTS, unix(7)). Returns 0, or -1 with errno set.
int cadre_send(int socket, const void *bytes, size_t size, int descriptor, int flags);

// Receives a message and the descriptor that comes with it, or -1 for none; close-on-exec. Returns the message's size, 0
// at the end, or -1 with errno set.
ssize_t cadre_receive(int socket, void *bytes, size_t size, int *descriptor, int flags);

// The ID of a child that has ended, with its status as of wait(2); it is left to be reaped. 0 if there is none.
pid_t cadre_ended_child(int *status);

// Field 22 of /proc/<pid>/stat, or 0 if it can't be read.
uint64_t cadre_start_time(pid_t pid);

// Makes this process the one that its descendants' orphans become children of (PR_SET_CHILD_SUBREAPER).
int cadre_become_subreaper(void);

#endif
