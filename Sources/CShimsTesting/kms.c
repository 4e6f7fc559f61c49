#include "CShimsTesting.h"

#include <errno.h>
#include <fcntl.h>
#include <libdrm/drm.h>
#include <libdrm/drm_mode.h>
#include <sys/ioctl.h>

void swiftvm_drop_master(int card) {
    ioctl(card, DRM_IOCTL_DROP_MASTER, 0);
}

int swiftvm_crtc_show(int card, unsigned number, swiftvm_crtc_picture *picture) {
    uint32_t crtcs[64];
    struct drm_mode_card_res resources = {0};
    if (ioctl(card, DRM_IOCTL_MODE_GETRESOURCES, &resources) < 0)
        return -1;
    if (number >= resources.count_crtcs || resources.count_crtcs > 64) {
        errno = ENOENT;
        return -1;
    }
    resources = (struct drm_mode_card_res){
        .crtc_id_ptr = (uint64_t)(uintptr_t)crtcs,
        .count_crtcs = resources.count_crtcs,
    };
    if (ioctl(card, DRM_IOCTL_MODE_GETRESOURCES, &resources) < 0)
        return -1;
    struct drm_mode_crtc crtc = {.crtc_id = crtcs[number]};
    if (ioctl(card, DRM_IOCTL_MODE_GETCRTC, &crtc) < 0)
        return -1;
    struct drm_mode_fb_cmd framebuffer = {.fb_id = crtc.fb_id};
    if (crtc.fb_id == 0 || ioctl(card, DRM_IOCTL_MODE_GETFB, &framebuffer) < 0)
        return -1;
    struct drm_prime_handle prime = {
        .handle = framebuffer.handle, .flags = DRM_CLOEXEC, .fd = -1};
    int result = ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
    int reason = errno;
    struct drm_gem_close gem = {.handle = framebuffer.handle};
    ioctl(card, DRM_IOCTL_GEM_CLOSE, &gem);
    errno = framebuffer.bpp == 32 ? reason : ENOTSUP;
    if (result < 0 || framebuffer.bpp != 32)
        return -1;
    *picture = (swiftvm_crtc_picture){framebuffer.width, framebuffer.height, framebuffer.pitch,
                                      prime.fd};
    return 0;
}
