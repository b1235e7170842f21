#define _GNU_SOURCE

#include "stage.h"

#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

// See network_namespaces(7): a new one has a loopback interface, which is down (netdevice(7)).
void stage_enter_network(struct cadre_stage_plan *plan) {
    if (unshare(CLONE_NEWNET) != 0) {
        stage_fail(plan, CADRE_STAGE_NETWORK, 0);
    }
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
    strcpy(request.ifr_name, "lo");
    if (descriptor == -1 || ioctl(descriptor, SIOCSIFFLAGS, &request) != 0) {
        stage_fail(plan, CADRE_STAGE_NETWORK, 0);
    }
    close(descriptor);
}
