// A program that does what a test tells it to, so that tests can watch workers of every kind, good and bad.

#ifndef WORKER_H
#define WORKER_H

#define _GNU_SOURCE 1

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

// Ends with exit code 70, having said on standard error which call failed and why.
_Noreturn void fail(const char *call);

// The number that the argument is; ends with exit code 64 if it is none.
long long number(const char *text);

// A descriptor that is readable when SIGTERM has come, which does nothing else from now on; SIGPIPE is ignored.
int termination(void);

// Waits for SIGTERM, then ends with exit code 0.
_Noreturn void pause_until_terminated(void);

// Waits for ever.
_Noreturn void pause_for_ever(void);

// Runs `work` in a grandchild in a session of its own, whose parent is gone.
void in_orphan(void (*work)(const char *), const char *argument);

// The path of this process's cgroup in the hierarchy of version 2.
void cgroup_path(char *path, size_t size);

// report.c: what the process is like.
void report_arguments(char **arguments);
void report_environment(char **arguments);
void report_cgroup(char **arguments);
void report_descriptors(char **arguments);
void report_signals(char **arguments);
void report_credentials(char **arguments);
void report_limits(char **arguments);
void report_directory(char **arguments);

// behave.c: what the process does.
void behave_sleep(char **arguments);
void behave_exit(char **arguments);
void behave_abort(char **arguments);
void behave_ignore_term(char **arguments);
void behave_double_fork(char **arguments);
void behave_hog(char **arguments);
void behave_burn(char **arguments);
void behave_forkbomb(char **arguments);
void behave_log(char **arguments);
void behave_count_signals(char **arguments);
void behave_stop_slowly(char **arguments);
void behave_escape(char **arguments);
void behave_nest(char **arguments);

// service.c: how the process talks to others.
void behave_notify(char **arguments);
void behave_notify_grandchild(char **arguments);
void behave_serve(char **arguments);
void behave_listen(char **arguments);

// hostile.c: what a worker does that means harm, or is broken.
void behave_flood(char **arguments);
void behave_shout(char **arguments);
void behave_swap_leaders(char **arguments);

// Sends TEXT, in which \\n is a new line, to NOTIFY_SOCKET; the second, with a descriptor if it isn't -1.
void notify(const char *text);
void notify_with(const char *text, int passed);

// sockets.c: sockets and descriptors that others hold for the process, and what asks for them.
void report_sockets(char **arguments);
void behave_echo(char **arguments);
void behave_store(char **arguments);
void behave_hammer(char **arguments);

// fault.c: who has system calls of others fail.
void behave_list_calls(char **arguments);
void behave_list_calls_of_next(char **arguments);
void behave_fail_call(char **arguments);
void behave_fail_call_of_next(char **arguments);

// kill.c: who kills at an instant, and who keeps a record.
void behave_kill_after(char **arguments);
void behave_note(char **arguments);

#endif
