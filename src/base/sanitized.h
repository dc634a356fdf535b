/* sanitized: SANITIZED is defined in a build with AddressSanitizer, whose run time makes system calls and maps memory of its own. */
#ifndef POSTERN_BASE_SANITIZED_H
#define POSTERN_BASE_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#endif
