#include "CShimsTesting.h"

#include <errno.h>
#include <fcntl.h>
#include <libdrm/drm.h>
#include <libdrm/drm_mode.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

// Of vgem_drm.h.
struct vgem_fence_attach {
    uint32_t handle;
    uint32_t flags;
    uint32_t out_fence;
    uint32_t pad;
};
struct vgem_fence_signal {
    uint32_t fence;
    uint32_t flags;
};
#define VGEM_FENCE_WRITE 0x1
#define IOCTL_VGEM_FENCE_ATTACH DRM_IOWR(DRM_COMMAND_BASE + 0x1, struct vgem_fence_attach)
#define IOCTL_VGEM_FENCE_SIGNAL DRM_IOW(DRM_COMMAND_BASE + 0x2, struct vgem_fence_signal)

static int patient_ioctl(int descriptor, unsigned long request, void *argument) {
    int result;
    do {
        result = ioctl(descriptor, request, argument);
    } while (result < 0 && (errno == EINTR || errno == EAGAIN));
    return result;
}

int swiftvm_dumb_create(int card, size_t length, uint32_t *handle, size_t *actual) {
    // The kernel rounds a row up; many rows of a page are the same memory without limits on a row's length.
    size_t pages = (length + 4095) / 4096;
    struct drm_mode_create_dumb create = {.width = 4096, .height = (uint32_t)pages, .bpp = 8};
    if (length == 0 || pages > UINT32_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (patient_ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create) < 0) return -1;
    *handle = create.handle;
    *actual = (size_t)create.size;
    return 0;
}

void *swiftvm_dumb_map(int card, uint32_t handle, size_t length) {
    struct drm_mode_map_dumb map = {.handle = handle};
    if (patient_ioctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0) return NULL;
    void *address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)map.offset);
    return address == MAP_FAILED ? NULL : address;
}

int swiftvm_dumb_export(int card, uint32_t handle) {
    struct drm_prime_handle prime = {.handle = handle, .flags = O_CLOEXEC | O_RDWR, .fd = -1};
    return patient_ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) < 0 ? -1 : prime.fd;
}

void swiftvm_dumb_destroy(int card, uint32_t handle) {
    struct drm_mode_destroy_dumb destroy = {.handle = handle};
    patient_ioctl(card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
}

int swiftvm_dma_buf_write(int buffer, bool begins) {
    struct dma_buf_sync sync = {
        .flags = DMA_BUF_SYNC_WRITE | (begins ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END)};
    return patient_ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync);
}

int swiftvm_vgem_fence_attach(int card, uint32_t handle, uint32_t *fence) {
    struct vgem_fence_attach attach = {.handle = handle, .flags = VGEM_FENCE_WRITE};
    if (patient_ioctl(card, IOCTL_VGEM_FENCE_ATTACH, &attach) < 0) return -1;
    *fence = attach.out_fence;
    return 0;
}

int swiftvm_vgem_fence_signal(int card, uint32_t fence) {
    struct vgem_fence_signal signal = {.fence = fence};
    return patient_ioctl(card, IOCTL_VGEM_FENCE_SIGNAL, &signal);
}
