// What tests ask of the kernel and programs do not: buffers of vgem, fences that a test signals, a keyboard of X11's, and a viewer's least.
#ifndef SWIFTVM_CSHIMSTESTING_H
#define SWIFTVM_CSHIMSTESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Makes a dumb buffer of at least `length` bytes (DRM_IOCTL_MODE_CREATE_DUMB, one row of 8-bit pixels) on a card node. Its GEM handle and its
/// length, whole pages, are written. 0, or -1 with errno.
int swiftvm_dumb_create(int card, size_t length, uint32_t *_Nonnull handle, size_t *_Nonnull actual);

/// Maps it for reading and writing (DRM_IOCTL_MODE_MAP_DUMB); null with errno.
void *_Nullable swiftvm_dumb_map(int card, uint32_t handle, size_t length);

/// A dma-buf of it, closed on exec (DRM_IOCTL_PRIME_HANDLE_TO_FD); -1 with errno.
int swiftvm_dumb_export(int card, uint32_t handle);

/// Gives the handle back; memory that a dma-buf still names stays.
void swiftvm_dumb_destroy(int card, uint32_t handle);

/// Tells the kernel that the CPU begins (or ends) to write to a dma-buf (DMA_BUF_IOCTL_SYNC). 0, or -1 with errno.
int swiftvm_dma_buf_write(int buffer, bool begins);

/// Attaches a fence to a vgem buffer, as if its device were writing to it (DRM_IOCTL_VGEM_FENCE_ATTACH of vgem_drm.h, which Debian does
/// not install). The kernel signals it itself after ten seconds. 0, or -1 with errno: EBUSY where another fence is on it.
int swiftvm_vgem_fence_attach(int card, uint32_t handle, uint32_t *_Nonnull fence);

/// Signals it. 0, or -1 with errno: ETIMEDOUT when the ten seconds were over.
int swiftvm_vgem_fence_signal(int card, uint32_t fence);

/// What an output controller (CRTC) of a card shows.
typedef struct {
    uint32_t width, height, stride;
    /// A dma-buf of it, closed on exec, the caller's to close.
    int buffer;
} swiftvm_crtc_picture;

/// Makes a card's descriptor no master of it (DRM_IOCTL_DROP_MASTER): the first that is opened becomes so by itself.
void swiftvm_drop_master(int card);

/// The picture on the card's CRTC of that number, from 0, of 32 bits a pixel (DRM_IOCTL_MODE_GETFB). Only root and the card's master may ask.
/// 0, or -1 with errno: ENOENT where it shows nothing.
int swiftvm_crtc_show(int card, unsigned number, swiftvm_crtc_picture *_Nonnull picture);

/// Connects to an X server whose keyboard can be pressed from here (the XTEST extension), without the delays of xdotool(1); null when there is none.
void *_Nullable swiftvm_hands_open(const char *_Nonnull display);

/// Presses or releases a key by X11's number (evdev's and 8); sent when it returns.
void swiftvm_hands_key(void *_Nonnull hands, uint32_t keycode, bool pressed);

/// Disconnects.
void swiftvm_hands_close(void *_Nonnull hands);

/// The least that a viewer does for a frame, and nothing else: receives `count` messages of `length` bytes (128 KiB at least), `rate` a second, from another process, over a socket as QEMU's
/// listener has one, without looking at them; puts 64x64 pixels for each into a window on $DISPLAY (MIT-SHM); and asks the QEMU of that QMP socket
/// to read its screen, `asks` times a second (0: never). Nanoseconds of this process's CPU for each message but the first, so that there are two at least; -1 where something failed.
/// For a process with no other thread, which ends after it: it forks.
int64_t swiftvm_bare_frame(const char *_Nonnull monitor, size_t length, unsigned rate, unsigned asks, unsigned count);

#endif
