#include "confine/sandbox_calls.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "confine/notify.h"

#ifdef __x86_64__
#define HAS_ARCH_PRCTL 1
#else
#define HAS_ARCH_PRCTL 0
#endif
#define ARCH_SET_FS 0x1002

const struct sandbox_call sandbox_calls[] = {
        /* Processes. */
        {SCMP_SYS(execve), RULE_EXEC, "execve"},
        {SCMP_SYS(execveat), RULE_EXEC, "execveat"},
        {SCMP_SYS(clone), RULE_CLONE, "clone"},
        {SCMP_SYS(unshare), RULE_UNSHARE, "unshare"},
        {SCMP_SYS(socket), RULE_SOCKET, "socket"},
        {SCMP_SYS(socketpair), RULE_SOCKETPAIR, "socketpair"},
        {SCMP_SYS(ioctl), RULE_IOCTL, "ioctl"},
        {SCMP_SYS(prctl), RULE_PRCTL, "prctl"},
        {SCMP_SYS(personality), RULE_PERSONALITY, "personality"},
        {SCMP_SYS(mknod), RULE_MKNOD, "mknod"},
        {SCMP_SYS(mknodat), RULE_MKNODAT, "mknodat"},
        {SCMP_SYS(ptrace), RULE_DEBUG, "ptrace"},
        {SCMP_SYS(process_vm_readv), RULE_DEBUG, "process_vm_readv"},
        {SCMP_SYS(process_vm_writev), RULE_DEBUG, "process_vm_writev"},
        /* Ordinary work. */
        {SCMP_SYS(read), RULE_ALLOW, "read"},
        {SCMP_SYS(write), RULE_ALLOW, "write"},
        {SCMP_SYS(open), RULE_ALLOW, "open"},
        {SCMP_SYS(close), RULE_ALLOW, "close"},
        {SCMP_SYS(stat), RULE_ALLOW, "stat"},
        {SCMP_SYS(fstat), RULE_ALLOW, "fstat"},
        {SCMP_SYS(lstat), RULE_ALLOW, "lstat"},
        {SCMP_SYS(poll), RULE_ALLOW, "poll"},
        {SCMP_SYS(lseek), RULE_ALLOW, "lseek"},
        {SCMP_SYS(mmap), RULE_MMAP, "mmap"},
        {SCMP_SYS(mprotect), RULE_ALLOW, "mprotect"},
        {SCMP_SYS(munmap), RULE_ALLOW, "munmap"},
        {SCMP_SYS(brk), RULE_ALLOW, "brk"},
        {SCMP_SYS(rt_sigaction), RULE_ALLOW, "rt_sigaction"},
        {SCMP_SYS(rt_sigprocmask), RULE_ALLOW, "rt_sigprocmask"},
        {SCMP_SYS(rt_sigreturn), RULE_ALLOW, "rt_sigreturn"},
        {SCMP_SYS(pread64), RULE_ALLOW, "pread64"},
        {SCMP_SYS(pwrite64), RULE_ALLOW, "pwrite64"},
        {SCMP_SYS(readv), RULE_ALLOW, "readv"},
        {SCMP_SYS(writev), RULE_ALLOW, "writev"},
        {SCMP_SYS(access), RULE_ALLOW, "access"},
        {SCMP_SYS(pipe), RULE_ALLOW, "pipe"},
        {SCMP_SYS(select), RULE_ALLOW, "select"},
        {SCMP_SYS(sched_yield), RULE_ALLOW, "sched_yield"},
        {SCMP_SYS(mremap), RULE_ALLOW, "mremap"},
        {SCMP_SYS(msync), RULE_ALLOW, "msync"},
        {SCMP_SYS(mincore), RULE_ALLOW, "mincore"},
        {SCMP_SYS(madvise), RULE_ALLOW, "madvise"},
        {SCMP_SYS(shmget), RULE_ALLOW, "shmget"},
        {SCMP_SYS(shmat), RULE_ALLOW, "shmat"},
        {SCMP_SYS(shmctl), RULE_ALLOW, "shmctl"},
        {SCMP_SYS(dup), RULE_ALLOW, "dup"},
        {SCMP_SYS(dup2), RULE_ALLOW, "dup2"},
        {SCMP_SYS(pause), RULE_ALLOW, "pause"},
        {SCMP_SYS(nanosleep), RULE_ALLOW, "nanosleep"},
        {SCMP_SYS(getitimer), RULE_ALLOW, "getitimer"},
        {SCMP_SYS(alarm), RULE_ALLOW, "alarm"},
        {SCMP_SYS(setitimer), RULE_ALLOW, "setitimer"},
        {SCMP_SYS(getpid), RULE_ALLOW, "getpid"},
        {SCMP_SYS(sendfile), RULE_ALLOW, "sendfile"},
        {SCMP_SYS(connect), RULE_ALLOW, "connect"},
        {SCMP_SYS(accept), RULE_ALLOW, "accept"},
        {SCMP_SYS(sendto), RULE_ALLOW, "sendto"},
        {SCMP_SYS(recvfrom), RULE_ALLOW, "recvfrom"},
        {SCMP_SYS(sendmsg), RULE_ALLOW, "sendmsg"},
        {SCMP_SYS(recvmsg), RULE_ALLOW, "recvmsg"},
        {SCMP_SYS(shutdown), RULE_ALLOW, "shutdown"},
        {SCMP_SYS(bind), RULE_ALLOW, "bind"},
        {SCMP_SYS(listen), RULE_ALLOW, "listen"},
        {SCMP_SYS(getsockname), RULE_ALLOW, "getsockname"},
        {SCMP_SYS(getpeername), RULE_ALLOW, "getpeername"},
        {SCMP_SYS(setsockopt), RULE_ALLOW, "setsockopt"},
        {SCMP_SYS(getsockopt), RULE_ALLOW, "getsockopt"},
        {SCMP_SYS(fork), RULE_ALLOW, "fork"},
        {SCMP_SYS(vfork), RULE_ALLOW, "vfork"},
        {SCMP_SYS(exit), RULE_ALLOW, "exit"},
        {SCMP_SYS(wait4), RULE_ALLOW, "wait4"},
        {SCMP_SYS(kill), RULE_ALLOW, "kill"},
        {SCMP_SYS(uname), RULE_MACHINE, "uname"},
        {SCMP_SYS(semget), RULE_ALLOW, "semget"},
        {SCMP_SYS(semop), RULE_ALLOW, "semop"},
        {SCMP_SYS(semctl), RULE_ALLOW, "semctl"},
        {SCMP_SYS(shmdt), RULE_ALLOW, "shmdt"},
        {SCMP_SYS(msgget), RULE_ALLOW, "msgget"},
        {SCMP_SYS(msgsnd), RULE_ALLOW, "msgsnd"},
        {SCMP_SYS(msgrcv), RULE_ALLOW, "msgrcv"},
        {SCMP_SYS(msgctl), RULE_ALLOW, "msgctl"},
        {SCMP_SYS(fcntl), RULE_ALLOW, "fcntl"},
        {SCMP_SYS(flock), RULE_ALLOW, "flock"},
        {SCMP_SYS(fsync), RULE_ALLOW, "fsync"},
        {SCMP_SYS(fdatasync), RULE_ALLOW, "fdatasync"},
        {SCMP_SYS(truncate), RULE_ALLOW, "truncate"},
        {SCMP_SYS(ftruncate), RULE_ALLOW, "ftruncate"},
        {SCMP_SYS(getdents), RULE_ALLOW, "getdents"},
        {SCMP_SYS(getcwd), RULE_ALLOW, "getcwd"},
        {SCMP_SYS(chdir), RULE_ALLOW, "chdir"},
        {SCMP_SYS(fchdir), RULE_ALLOW, "fchdir"},
        {SCMP_SYS(rename), RULE_ALLOW, "rename"},
        {SCMP_SYS(mkdir), RULE_ALLOW, "mkdir"},
        {SCMP_SYS(rmdir), RULE_ALLOW, "rmdir"},
        {SCMP_SYS(creat), RULE_ALLOW, "creat"},
        {SCMP_SYS(link), RULE_ALLOW, "link"},
        {SCMP_SYS(unlink), RULE_ALLOW, "unlink"},
        {SCMP_SYS(symlink), RULE_ALLOW, "symlink"},
        {SCMP_SYS(readlink), RULE_ALLOW, "readlink"},
        {SCMP_SYS(chmod), RULE_ALLOW, "chmod"},
        {SCMP_SYS(fchmod), RULE_ALLOW, "fchmod"},
        {SCMP_SYS(chown), RULE_ALLOW, "chown"},
        {SCMP_SYS(fchown), RULE_ALLOW, "fchown"},
        {SCMP_SYS(lchown), RULE_ALLOW, "lchown"},
        {SCMP_SYS(umask), RULE_ALLOW, "umask"},
        {SCMP_SYS(gettimeofday), RULE_ALLOW, "gettimeofday"},
        {SCMP_SYS(getrlimit), RULE_ALLOW, "getrlimit"},
        {SCMP_SYS(getrusage), RULE_ALLOW, "getrusage"},
        {SCMP_SYS(sysinfo), RULE_MACHINE, "sysinfo"},
        {SCMP_SYS(times), RULE_ALLOW, "times"},
        {SCMP_SYS(getuid), RULE_ALLOW, "getuid"},
        {SCMP_SYS(getgid), RULE_ALLOW, "getgid"},
        {SCMP_SYS(setuid), RULE_ALLOW, "setuid"},
        {SCMP_SYS(setgid), RULE_ALLOW, "setgid"},
        {SCMP_SYS(geteuid), RULE_ALLOW, "geteuid"},
        {SCMP_SYS(getegid), RULE_ALLOW, "getegid"},
        {SCMP_SYS(setpgid), RULE_ALLOW, "setpgid"},
        {SCMP_SYS(getppid), RULE_ALLOW, "getppid"},
        {SCMP_SYS(getpgrp), RULE_ALLOW, "getpgrp"},
        {SCMP_SYS(setsid), RULE_ALLOW, "setsid"},
        {SCMP_SYS(setreuid), RULE_ALLOW, "setreuid"},
        {SCMP_SYS(setregid), RULE_ALLOW, "setregid"},
        {SCMP_SYS(getgroups), RULE_ALLOW, "getgroups"},
        {SCMP_SYS(setgroups), RULE_ALLOW, "setgroups"},
        {SCMP_SYS(setresuid), RULE_ALLOW, "setresuid"},
        {SCMP_SYS(getresuid), RULE_ALLOW, "getresuid"},
        {SCMP_SYS(setresgid), RULE_ALLOW, "setresgid"},
        {SCMP_SYS(getresgid), RULE_ALLOW, "getresgid"},
        {SCMP_SYS(getpgid), RULE_ALLOW, "getpgid"},
        {SCMP_SYS(setfsuid), RULE_ALLOW, "setfsuid"},
        {SCMP_SYS(setfsgid), RULE_ALLOW, "setfsgid"},
        {SCMP_SYS(getsid), RULE_ALLOW, "getsid"},
        {SCMP_SYS(capget), RULE_ALLOW, "capget"},
        {SCMP_SYS(capset), RULE_ALLOW, "capset"},
        {SCMP_SYS(rt_sigpending), RULE_ALLOW, "rt_sigpending"},
        {SCMP_SYS(rt_sigtimedwait), RULE_ALLOW, "rt_sigtimedwait"},
        {SCMP_SYS(rt_sigqueueinfo), RULE_ALLOW, "rt_sigqueueinfo"},
        {SCMP_SYS(rt_sigsuspend), RULE_ALLOW, "rt_sigsuspend"},
        {SCMP_SYS(sigaltstack), RULE_ALLOW, "sigaltstack"},
        {SCMP_SYS(utime), RULE_ALLOW, "utime"},
        {SCMP_SYS(statfs), RULE_ALLOW, "statfs"},
        {SCMP_SYS(fstatfs), RULE_ALLOW, "fstatfs"},
        {SCMP_SYS(getpriority), RULE_ALLOW, "getpriority"},
        {SCMP_SYS(setpriority), RULE_ALLOW, "setpriority"},
        {SCMP_SYS(sched_setparam), RULE_ALLOW, "sched_setparam"},
        {SCMP_SYS(sched_getparam), RULE_ALLOW, "sched_getparam"},
        {SCMP_SYS(sched_setscheduler), RULE_ALLOW, "sched_setscheduler"},
        {SCMP_SYS(sched_getscheduler), RULE_ALLOW, "sched_getscheduler"},
        {SCMP_SYS(sched_get_priority_max), RULE_ALLOW, "sched_get_priority_max"},
        {SCMP_SYS(sched_get_priority_min), RULE_ALLOW, "sched_get_priority_min"},
        {SCMP_SYS(sched_rr_get_interval), RULE_ALLOW, "sched_rr_get_interval"},
        {SCMP_SYS(mlock), RULE_ALLOW, "mlock"},
        {SCMP_SYS(munlock), RULE_ALLOW, "munlock"},
        {SCMP_SYS(mlockall), RULE_ALLOW, "mlockall"},
        {SCMP_SYS(munlockall), RULE_ALLOW, "munlockall"},
        {SCMP_SYS(arch_prctl), RULE_BEGIN, "arch_prctl"},
        {SCMP_SYS(setrlimit), RULE_ALLOW, "setrlimit"},
        {SCMP_SYS(sync), RULE_ALLOW, "sync"},
        {SCMP_SYS(gettid), RULE_ALLOW, "gettid"},
        {SCMP_SYS(readahead), RULE_ALLOW, "readahead"},
        {SCMP_SYS(setxattr), RULE_ALLOW, "setxattr"},
        {SCMP_SYS(lsetxattr), RULE_ALLOW, "lsetxattr"},
        {SCMP_SYS(fsetxattr), RULE_ALLOW, "fsetxattr"},
        {SCMP_SYS(getxattr), RULE_ALLOW, "getxattr"},
        {SCMP_SYS(lgetxattr), RULE_ALLOW, "lgetxattr"},
        {SCMP_SYS(fgetxattr), RULE_ALLOW, "fgetxattr"},
        {SCMP_SYS(listxattr), RULE_ALLOW, "listxattr"},
        {SCMP_SYS(llistxattr), RULE_ALLOW, "llistxattr"},
        {SCMP_SYS(flistxattr), RULE_ALLOW, "flistxattr"},
        {SCMP_SYS(removexattr), RULE_ALLOW, "removexattr"},
        {SCMP_SYS(lremovexattr), RULE_ALLOW, "lremovexattr"},
        {SCMP_SYS(fremovexattr), RULE_ALLOW, "fremovexattr"},
        {SCMP_SYS(tkill), RULE_ALLOW, "tkill"},
        {SCMP_SYS(time), RULE_ALLOW, "time"},
        {SCMP_SYS(futex), RULE_ALLOW, "futex"},
        {SCMP_SYS(sched_setaffinity), RULE_ALLOW, "sched_setaffinity"},
        {SCMP_SYS(sched_getaffinity), RULE_MACHINE, "sched_getaffinity"},
        {SCMP_SYS(set_thread_area), RULE_ALLOW, "set_thread_area"},
        {SCMP_SYS(get_thread_area), RULE_ALLOW, "get_thread_area"},
        {SCMP_SYS(epoll_create), RULE_ALLOW, "epoll_create"},
        {SCMP_SYS(remap_file_pages), RULE_ALLOW, "remap_file_pages"},
        {SCMP_SYS(getdents64), RULE_ALLOW, "getdents64"},
        {SCMP_SYS(set_tid_address), HAS_ARCH_PRCTL ? RULE_ALLOW : RULE_BEGIN, "set_tid_address"},
        {SCMP_SYS(restart_syscall), RULE_ALLOW, "restart_syscall"},
        {SCMP_SYS(semtimedop), RULE_ALLOW, "semtimedop"},
        {SCMP_SYS(fadvise64), RULE_ALLOW, "fadvise64"},
        {SCMP_SYS(timer_create), RULE_ALLOW, "timer_create"},
        {SCMP_SYS(timer_settime), RULE_ALLOW, "timer_settime"},
        {SCMP_SYS(timer_gettime), RULE_ALLOW, "timer_gettime"},
        {SCMP_SYS(timer_getoverrun), RULE_ALLOW, "timer_getoverrun"},
        {SCMP_SYS(timer_delete), RULE_ALLOW, "timer_delete"},
        {SCMP_SYS(clock_gettime), RULE_ALLOW, "clock_gettime"},
        {SCMP_SYS(clock_getres), RULE_ALLOW, "clock_getres"},
        {SCMP_SYS(clock_nanosleep), RULE_ALLOW, "clock_nanosleep"},
        {SCMP_SYS(exit_group), RULE_ALLOW, "exit_group"},
        {SCMP_SYS(epoll_wait), RULE_ALLOW, "epoll_wait"},
        {SCMP_SYS(epoll_ctl), RULE_ALLOW, "epoll_ctl"},
        {SCMP_SYS(tgkill), RULE_ALLOW, "tgkill"},
        {SCMP_SYS(utimes), RULE_ALLOW, "utimes"},
        {SCMP_SYS(mbind), RULE_ALLOW, "mbind"},
        {SCMP_SYS(set_mempolicy), RULE_ALLOW, "set_mempolicy"},
        {SCMP_SYS(get_mempolicy), RULE_ALLOW, "get_mempolicy"},
        {SCMP_SYS(mq_open), RULE_ALLOW, "mq_open"},
        {SCMP_SYS(mq_unlink), RULE_ALLOW, "mq_unlink"},
        {SCMP_SYS(mq_timedsend), RULE_ALLOW, "mq_timedsend"},
        {SCMP_SYS(mq_timedreceive), RULE_ALLOW, "mq_timedreceive"},
        {SCMP_SYS(mq_notify), RULE_ALLOW, "mq_notify"},
        {SCMP_SYS(mq_getsetattr), RULE_ALLOW, "mq_getsetattr"},
        {SCMP_SYS(waitid), RULE_ALLOW, "waitid"},
        {SCMP_SYS(ioprio_set), RULE_ALLOW, "ioprio_set"},
        {SCMP_SYS(ioprio_get), RULE_ALLOW, "ioprio_get"},
        {SCMP_SYS(inotify_init), RULE_ALLOW, "inotify_init"},
        {SCMP_SYS(inotify_add_watch), RULE_ALLOW, "inotify_add_watch"},
        {SCMP_SYS(inotify_rm_watch), RULE_ALLOW, "inotify_rm_watch"},
        {SCMP_SYS(openat), RULE_ALLOW, "openat"},
        {SCMP_SYS(mkdirat), RULE_ALLOW, "mkdirat"},
        {SCMP_SYS(fchownat), RULE_ALLOW, "fchownat"},
        {SCMP_SYS(futimesat), RULE_ALLOW, "futimesat"},
        {SCMP_SYS(newfstatat), RULE_ALLOW, "newfstatat"},
        {SCMP_SYS(unlinkat), RULE_ALLOW, "unlinkat"},
        {SCMP_SYS(renameat), RULE_ALLOW, "renameat"},
        {SCMP_SYS(linkat), RULE_ALLOW, "linkat"},
        {SCMP_SYS(symlinkat), RULE_ALLOW, "symlinkat"},
        {SCMP_SYS(readlinkat), RULE_ALLOW, "readlinkat"},
        {SCMP_SYS(fchmodat), RULE_ALLOW, "fchmodat"},
        {SCMP_SYS(faccessat), RULE_ALLOW, "faccessat"},
        {SCMP_SYS(pselect6), RULE_ALLOW, "pselect6"},
        {SCMP_SYS(ppoll), RULE_ALLOW, "ppoll"},
        {SCMP_SYS(set_robust_list), RULE_ALLOW, "set_robust_list"},
        {SCMP_SYS(get_robust_list), RULE_ALLOW, "get_robust_list"},
        {SCMP_SYS(splice), RULE_ALLOW, "splice"},
        {SCMP_SYS(tee), RULE_ALLOW, "tee"},
        {SCMP_SYS(sync_file_range), RULE_ALLOW, "sync_file_range"},
        {SCMP_SYS(utimensat), RULE_ALLOW, "utimensat"},
        {SCMP_SYS(epoll_pwait), RULE_ALLOW, "epoll_pwait"},
        {SCMP_SYS(signalfd), RULE_ALLOW, "signalfd"},
        {SCMP_SYS(timerfd_create), RULE_ALLOW, "timerfd_create"},
        {SCMP_SYS(eventfd), RULE_ALLOW, "eventfd"},
        {SCMP_SYS(fallocate), RULE_ALLOW, "fallocate"},
        {SCMP_SYS(timerfd_settime), RULE_ALLOW, "timerfd_settime"},
        {SCMP_SYS(timerfd_gettime), RULE_ALLOW, "timerfd_gettime"},
        {SCMP_SYS(accept4), RULE_ALLOW, "accept4"},
        {SCMP_SYS(signalfd4), RULE_ALLOW, "signalfd4"},
        {SCMP_SYS(eventfd2), RULE_ALLOW, "eventfd2"},
        {SCMP_SYS(epoll_create1), RULE_ALLOW, "epoll_create1"},
        {SCMP_SYS(dup3), RULE_ALLOW, "dup3"},
        {SCMP_SYS(pipe2), RULE_ALLOW, "pipe2"},
        {SCMP_SYS(inotify_init1), RULE_ALLOW, "inotify_init1"},
        {SCMP_SYS(preadv), RULE_ALLOW, "preadv"},
        {SCMP_SYS(pwritev), RULE_ALLOW, "pwritev"},
        {SCMP_SYS(rt_tgsigqueueinfo), RULE_ALLOW, "rt_tgsigqueueinfo"},
        {SCMP_SYS(recvmmsg), RULE_ALLOW, "recvmmsg"},
        {SCMP_SYS(prlimit64), RULE_ALLOW, "prlimit64"},
        {SCMP_SYS(syncfs), RULE_ALLOW, "syncfs"},
        {SCMP_SYS(sendmmsg), RULE_ALLOW, "sendmmsg"},
        {SCMP_SYS(getcpu), RULE_ALLOW, "getcpu"},
        {SCMP_SYS(sched_setattr), RULE_ALLOW, "sched_setattr"},
        {SCMP_SYS(sched_getattr), RULE_ALLOW, "sched_getattr"},
        {SCMP_SYS(renameat2), RULE_ALLOW, "renameat2"},
        {SCMP_SYS(seccomp), RULE_ALLOW, "seccomp"},
        {SCMP_SYS(getrandom), RULE_ALLOW, "getrandom"},
        {SCMP_SYS(memfd_create), RULE_ALLOW, "memfd_create"},
        {SCMP_SYS(membarrier), RULE_ALLOW, "membarrier"},
        {SCMP_SYS(mlock2), RULE_ALLOW, "mlock2"},
        {SCMP_SYS(copy_file_range), RULE_ALLOW, "copy_file_range"},
        {SCMP_SYS(preadv2), RULE_ALLOW, "preadv2"},
        {SCMP_SYS(pwritev2), RULE_ALLOW, "pwritev2"},
        {SCMP_SYS(pkey_mprotect), RULE_ALLOW, "pkey_mprotect"},
        {SCMP_SYS(pkey_alloc), RULE_ALLOW, "pkey_alloc"},
        {SCMP_SYS(pkey_free), RULE_ALLOW, "pkey_free"},
        {SCMP_SYS(statx), RULE_ALLOW, "statx"},
        {SCMP_SYS(rseq), RULE_ALLOW, "rseq"},
        {SCMP_SYS(pidfd_send_signal), RULE_ALLOW, "pidfd_send_signal"},
        {SCMP_SYS(pidfd_open), RULE_ALLOW, "pidfd_open"},
        {SCMP_SYS(close_range), RULE_ALLOW, "close_range"},
        {SCMP_SYS(openat2), RULE_ALLOW, "openat2"},
        {SCMP_SYS(faccessat2), RULE_ALLOW, "faccessat2"},
        {SCMP_SYS(epoll_pwait2), RULE_ALLOW, "epoll_pwait2"},
        {SCMP_SYS(landlock_create_ruleset), RULE_ALLOW, "landlock_create_ruleset"},
        {SCMP_SYS(landlock_add_rule), RULE_ALLOW, "landlock_add_rule"},
        {SCMP_SYS(landlock_restrict_self), RULE_ALLOW, "landlock_restrict_self"},
        {SCMP_SYS(futex_waitv), RULE_ALLOW, "futex_waitv"},
        /* Newer than the library that knows the names; the same number on every machine. */
        {451, RULE_ALLOW, "cachestat"},
        {452, RULE_ALLOW, "fchmodat2"},
        {453, RULE_ALLOW, "map_shadow_stack"},
        {454, RULE_ALLOW, "futex_wake"},
        {455, RULE_ALLOW, "futex_wait"},
        {456, RULE_ALLOW, "futex_requeue"},
        {462, RULE_ALLOW, "mseal"},
        {463, RULE_ALLOW, "setxattrat"},
        {464, RULE_ALLOW, "getxattrat"},
        {465, RULE_ALLOW, "listxattrat"},
        {466, RULE_ALLOW, "removexattrat"},
        /* What an ordinary user could not do either, what looks into other processes, and large parts of the kernel that nobody needs. */
        {SCMP_SYS(mount), RULE_REFUSE, "mount"},
        {SCMP_SYS(umount2), RULE_REFUSE, "umount2"},
        {SCMP_SYS(pivot_root), RULE_REFUSE, "pivot_root"},
        {SCMP_SYS(chroot), RULE_REFUSE, "chroot"},
        {SCMP_SYS(move_mount), RULE_REFUSE, "move_mount"},
        {SCMP_SYS(open_tree), RULE_REFUSE, "open_tree"},
        {SCMP_SYS(fsopen), RULE_REFUSE, "fsopen"},
        {SCMP_SYS(fsmount), RULE_REFUSE, "fsmount"},
        {SCMP_SYS(fsconfig), RULE_REFUSE, "fsconfig"},
        {SCMP_SYS(fspick), RULE_REFUSE, "fspick"},
        {SCMP_SYS(mount_setattr), RULE_REFUSE, "mount_setattr"},
        {SCMP_SYS(setns), RULE_REFUSE, "setns"},
        {SCMP_SYS(bpf), RULE_REFUSE, "bpf"},
        {SCMP_SYS(perf_event_open), RULE_REFUSE, "perf_event_open"},
        {SCMP_SYS(keyctl), RULE_REFUSE, "keyctl"},
        {SCMP_SYS(add_key), RULE_REFUSE, "add_key"},
        {SCMP_SYS(request_key), RULE_REFUSE, "request_key"},
        {SCMP_SYS(kexec_load), RULE_REFUSE, "kexec_load"},
        {SCMP_SYS(kexec_file_load), RULE_REFUSE, "kexec_file_load"},
        {SCMP_SYS(init_module), RULE_REFUSE, "init_module"},
        {SCMP_SYS(finit_module), RULE_REFUSE, "finit_module"},
        {SCMP_SYS(delete_module), RULE_REFUSE, "delete_module"},
        {SCMP_SYS(swapon), RULE_REFUSE, "swapon"},
        {SCMP_SYS(swapoff), RULE_REFUSE, "swapoff"},
        {SCMP_SYS(reboot), RULE_REFUSE, "reboot"},
        {SCMP_SYS(syslog), RULE_REFUSE, "syslog"},
        {SCMP_SYS(acct), RULE_REFUSE, "acct"},
        {SCMP_SYS(quotactl), RULE_REFUSE, "quotactl"},
        {SCMP_SYS(settimeofday), RULE_REFUSE, "settimeofday"},
        {SCMP_SYS(clock_settime), RULE_REFUSE, "clock_settime"},
        {SCMP_SYS(clock_adjtime), RULE_REFUSE, "clock_adjtime"},
        {SCMP_SYS(adjtimex), RULE_REFUSE, "adjtimex"},
        {SCMP_SYS(sethostname), RULE_REFUSE, "sethostname"},
        {SCMP_SYS(setdomainname), RULE_REFUSE, "setdomainname"},
        {SCMP_SYS(userfaultfd), RULE_REFUSE, "userfaultfd"},
        {SCMP_SYS(open_by_handle_at), RULE_REFUSE, "open_by_handle_at"},
        {SCMP_SYS(name_to_handle_at), RULE_REFUSE, "name_to_handle_at"},
        {SCMP_SYS(fanotify_init), RULE_REFUSE, "fanotify_init"},
        {SCMP_SYS(fanotify_mark), RULE_REFUSE, "fanotify_mark"},
        {SCMP_SYS(lookup_dcookie), RULE_REFUSE, "lookup_dcookie"},
        {SCMP_SYS(iopl), RULE_REFUSE, "iopl"},
        {SCMP_SYS(ioperm), RULE_REFUSE, "ioperm"},
        {SCMP_SYS(modify_ldt), RULE_REFUSE, "modify_ldt"},
        {SCMP_SYS(vhangup), RULE_REFUSE, "vhangup"},
        {SCMP_SYS(move_pages), RULE_REFUSE, "move_pages"},
        {SCMP_SYS(migrate_pages), RULE_REFUSE, "migrate_pages"},
        {SCMP_SYS(pidfd_getfd), RULE_REFUSE, "pidfd_getfd"},
        {SCMP_SYS(kcmp), RULE_REFUSE, "kcmp"},
        {SCMP_SYS(process_madvise), RULE_REFUSE, "process_madvise"},
        {SCMP_SYS(process_mrelease), RULE_REFUSE, "process_mrelease"},
        {SCMP_SYS(memfd_secret), RULE_REFUSE, "memfd_secret"},
        {SCMP_SYS(quotactl_fd), RULE_REFUSE, "quotactl_fd"},
        {SCMP_SYS(vmsplice), RULE_REFUSE, "vmsplice"},
        {SCMP_SYS(nfsservctl), RULE_REFUSE, "nfsservctl"},
        /* clone3 hides its flags behind a pointer; io_uring does its work out of sight of every filter. */
        {SCMP_SYS(clone3), RULE_UNKNOWN, "clone3"},
        {SCMP_SYS(io_uring_setup), RULE_UNKNOWN, "io_uring_setup"},
        {SCMP_SYS(io_uring_enter), RULE_UNKNOWN, "io_uring_enter"},
        {SCMP_SYS(io_uring_register), RULE_UNKNOWN, "io_uring_register"},
        {SCMP_SYS(io_setup), RULE_UNKNOWN, "io_setup"},
        {SCMP_SYS(io_destroy), RULE_UNKNOWN, "io_destroy"},
        {SCMP_SYS(io_submit), RULE_UNKNOWN, "io_submit"},
        {SCMP_SYS(io_cancel), RULE_UNKNOWN, "io_cancel"},
        {SCMP_SYS(io_getevents), RULE_UNKNOWN, "io_getevents"},
        {SCMP_SYS(io_pgetevents), RULE_UNKNOWN, "io_pgetevents"},
};
const size_t sandbox_n_calls = ARRAY_LEN(sandbox_calls);

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)

/* Input pushed into a terminal; line disciplines, which load modules; the console's output. */
static const uint32_t refused_ioctls[] = {TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS};

static const uint32_t prctls[] = {PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_GET_KEEPCAPS, PR_SET_KEEPCAPS,
        PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_SET_SECCOMP, PR_CAPBSET_READ, PR_GET_SECUREBITS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK,
        PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE,
        PR_GET_THP_DISABLE, PR_SET_PTRACER, PR_CAP_AMBIENT, PR_GET_SPECULATION_CTRL, PR_GET_TSC, PR_SVE_GET_VL, PR_SVE_SET_VL,
        PR_PAC_RESET_KEYS, PR_SET_TAGGED_ADDR_CTRL, PR_GET_TAGGED_ADDR_CTRL, 0x53564d41 /* PR_SET_VMA */};

static const uint32_t personalities[] = {0, 0x0040000 /* ADDR_NO_RANDOMIZE */, 0xffffffff /* which one it is */};

static const uint32_t protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP};

/* ---- a filter is written as a tree: half of the numbers with each comparison ---- */

#define CODE_MAX 2048
struct code {
	struct sock_filter at[CODE_MAX];
	unsigned short n;
	bool full;
};

static unsigned short emit(struct code *c, struct sock_filter f)
{
	if (c->n == CODE_MAX) {
		c->full = true;
		return 0;
	}
	c->at[c->n] = f;
	return c->n++;
}

static void answer(struct code *c, uint32_t value)
{
	(void)emit(c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
}

#define ANSWER_ALLOW    SECCOMP_RET_ALLOW
#define ANSWER_ERROR(e) (SECCOMP_RET_ERRNO | (uint32_t)(e))

/* The low half of an argument: all that the kernel looks at in those that are ints. */
static void load_argument(struct code *c, unsigned i)
{
	size_t low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
	(void)emit(
	        c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * i + low)));
}

/* If what is loaded is one of them, `then`; otherwise what follows. */
static void answer_if_one(struct code *c, const uint32_t *values, size_t n, uint32_t then)
{
	for (size_t i = 0; i < n; i++) {
		(void)emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1));
		answer(c, then);
	}
}

static void answer_if_any_bit(struct code *c, uint32_t bits, uint32_t then)
{
	(void)emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
	answer(c, then);
}

static void answer_unless(struct code *c, uint32_t value, uint32_t otherwise)
{
	(void)emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
	answer(c, otherwise);
}

static void mask(struct code *c, uint32_t bits)
{
	(void)emit(c, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits));
}

static void rule_socket(struct code *c)
{
	static const uint32_t raw[] = {SOCK_RAW, SOCK_PACKET, SOCK_DCCP, SOCK_RDM};
	load_argument(c, 1);
	mask(c, 0xf);
	/* Netlink's sockets are of the type "raw", and are not. */
	(void)emit(c, (struct sock_filter)BPF_STMT(BPF_ST, 0));
	load_argument(c, 0);
	(void)emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 1));
	answer(c, ANSWER_ALLOW);
	(void)emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 4));
	load_argument(c, 2);
	answer_unless(c, NETLINK_ROUTE, ANSWER_ERROR(EPROTONOSUPPORT));
	answer(c, ANSWER_ALLOW);
	(void)emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0));
	answer_unless(c, AF_INET6, ANSWER_ERROR(EAFNOSUPPORT));
	(void)emit(c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_MEM, 0));
	answer_if_one(c, raw, ARRAY_LEN(raw), ANSWER_ERROR(EPERM));
	load_argument(c, 2);
	answer_if_one(c, protocols, ARRAY_LEN(protocols), ANSWER_ALLOW);
	answer(c, ANSWER_ERROR(EPROTONOSUPPORT));
}

static void rule_mknod(struct code *c, unsigned argument)
{
	static const uint32_t devices[] = {S_IFCHR, S_IFBLK};
	load_argument(c, argument);
	mask(c, S_IFMT);
	answer_if_one(c, devices, ARRAY_LEN(devices), ANSWER_ERROR(EPERM));
	answer(c, ANSWER_ALLOW);
}

static void rule(struct code *c, enum sandbox_rule r, const struct sandbox_calls_options *o)
{
	switch (r) {
	case RULE_ALLOW:
		answer(c, ANSWER_ALLOW);
		return;
	case RULE_REFUSE:
		answer(c, ANSWER_ERROR(EPERM));
		return;
	case RULE_UNKNOWN:
		answer(c, ANSWER_ERROR(ENOSYS));
		return;
	case RULE_EXEC:
		answer(c, o->exec ? SECCOMP_RET_USER_NOTIF : ANSWER_ALLOW);
		return;
	case RULE_MACHINE:
		answer(c, o->exec && o->machine ? SECCOMP_RET_USER_NOTIF : ANSWER_ALLOW);
		return;
	case RULE_BEGIN:
		if (o->exec && HAS_ARCH_PRCTL) {
			load_argument(c, 0);
			answer_if_one(c, &(const uint32_t){ARCH_SET_FS}, 1, SECCOMP_RET_USER_NOTIF);
		}
		answer(c, o->exec && !HAS_ARCH_PRCTL ? SECCOMP_RET_USER_NOTIF : ANSWER_ALLOW);
		return;
	case RULE_MMAP:
		if (o->exec && o->libraries) {
			load_argument(c, 3);
			answer_if_any_bit(c, MAP_ANONYMOUS, ANSWER_ALLOW);
			load_argument(c, 2);
			answer_if_any_bit(c, PROT_EXEC, SECCOMP_RET_USER_NOTIF);
		}
		answer(c, ANSWER_ALLOW);
		return;
	case RULE_DEBUG:
		answer(c, o->debuggers ? ANSWER_ALLOW : ANSWER_ERROR(EPERM));
		return;
	case RULE_CLONE:
		load_argument(c, 0);
		answer_if_any_bit(c, NAMESPACES, ANSWER_ERROR(EPERM));
		answer(c, ANSWER_ALLOW);
		return;
	case RULE_UNSHARE:
		load_argument(c, 0);
		answer_if_any_bit(c, ~(uint32_t)(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM), ANSWER_ERROR(EPERM));
		answer(c, ANSWER_ALLOW);
		return;
	case RULE_SOCKET:
		if (o->no_network)
			answer(c, ANSWER_ERROR(EAFNOSUPPORT));
		else
			rule_socket(c);
		return;
	case RULE_SOCKETPAIR:
		load_argument(c, 0);
		answer_unless(c, AF_UNIX, ANSWER_ERROR(EAFNOSUPPORT));
		answer(c, ANSWER_ALLOW);
		return;
	case RULE_IOCTL:
		load_argument(c, 1);
		answer_if_one(c, refused_ioctls, ARRAY_LEN(refused_ioctls), ANSWER_ERROR(EPERM));
		answer(c, ANSWER_ALLOW);
		return;
	case RULE_PRCTL:
		load_argument(c, 0);
		answer_if_one(c, prctls, ARRAY_LEN(prctls), ANSWER_ALLOW);
		answer(c, ANSWER_ERROR(EINVAL));
		return;
	case RULE_PERSONALITY:
		load_argument(c, 0);
		answer_if_one(c, personalities, ARRAY_LEN(personalities), ANSWER_ALLOW);
		answer(c, ANSWER_ERROR(EPERM));
		return;
	case RULE_MKNOD:
		rule_mknod(c, 1);
		return;
	case RULE_MKNODAT:
		rule_mknod(c, 2);
		return;
	}
	answer(c, ANSWER_ERROR(ENOSYS));
}

/* Numbers from `from` up to the next range's have one answer. */
struct range {
	uint32_t from;
	enum sandbox_rule rule;
};

static void tree(struct code *c, const struct range *r, size_t n, const struct sandbox_calls_options *o)
{
	if (n == 1) {
		rule(c, r->rule, o);
		return;
	}
	size_t half = n / 2;
	(void)emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, r[half].from, 0, 1));
	/* A conditional jump reaches 255 instructions, this one all. */
	unsigned short jump = emit(c, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	tree(c, r, half, o);
	c->at[jump].k = (uint32_t)(c->n - jump - 1);
	tree(c, r + half, n - half, o);
}

static int by_number(const void *a, const void *b)
{
	const struct sandbox_call *const *x = a, *const *y = b;
	return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

/* Ranges of the table, with what is between them; at most two a call. */
static size_t ranges(struct range *out)
{
	const struct sandbox_call *sorted[ARRAY_LEN(sandbox_calls)];
	size_t n = 0, m = 0;
	for (size_t i = 0; i < sandbox_n_calls; i++)
		if (sandbox_calls[i].number >= 0)
			sorted[n++] = &sandbox_calls[i];
	qsort(sorted, n, sizeof(sorted[0]), by_number);
	uint32_t next = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t number = (uint32_t)sorted[i]->number;
		if (number > next && (m == 0 || out[m - 1].rule != RULE_UNKNOWN))
			out[m++] = (struct range){next, RULE_UNKNOWN};
		/* What looks at arguments is a place of its own anyway. */
		if (m == 0 || out[m - 1].rule != sorted[i]->rule)
			out[m++] = (struct range){number, sorted[i]->rule};
		next = number + 1;
	}
	out[m++] = (struct range){next, RULE_UNKNOWN};
	return m;
}

int sandbox_calls_install(const struct sandbox_calls_options *o)
{
	static struct code c;
	static struct range r[2 * ARRAY_LEN(sandbox_calls) + 2];
	c.n = 0;
	c.full = false;
	(void)emit(&c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	/* Other instruction sets' numbers mean other calls. */
	answer_unless(&c, seccomp_arch_native(), SECCOMP_RET_KILL_PROCESS);
	(void)emit(&c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	/* x32's are above all in the table, and so unknown. */
	tree(&c, r, ranges(r), o);
	if (c.full)
		return -E2BIG;
	struct sock_fprog program = {.len = c.n, .filter = c.at};
	if (!o->exec)
		return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
	return notify_listen(&program);
}
