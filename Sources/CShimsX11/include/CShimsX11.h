// A window of X11's that the CPU draws in, for CPU pictures where there is no GPU. Knows no toolkit.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Pixels that an X server on this machine reads where they are (the MIT-SHM extension), and a window that they are put into, over a connection of
/// its own: nobody else's events are read, and nobody else has to read what the server answers.
typedef struct swiftvm_x11_memory swiftvm_x11_memory;

/// Whether the server named by `display` (null: by $DISPLAY) can: it has the extension, is on this machine, and its pixels are 0xXXRRGGBB numbers of
/// 32 bits.
bool swiftvm_x11_memory_works(const char *_Nullable display);

/// For a window, by its number, of that server; null where the server or the window's visual does not fit.
swiftvm_x11_memory *_Nullable swiftvm_x11_memory_new(const char *_Nullable display, uint32_t window);

/// Whether the server is still there, as far as was heard.
bool swiftvm_x11_memory_is_connected(swiftvm_x11_memory *_Nonnull memory);

/// The pixels for a window of that size, rows `*stride` bytes apart, when the server has read what was put last; `*is_new` tells that what they hold
/// means nothing. Valid until the next call. Null when there is no memory, or no server any more.
void *_Nullable swiftvm_x11_memory_pixels(swiftvm_x11_memory *_Nonnull memory, int width, int height,
                                          int *_Nonnull stride, bool *_Nonnull is_new);

/// Has the server map a file of 32-bit pixels (the MIT-SHM extension, version 1.2): a number to put from, 0 when it cannot.
uint32_t swiftvm_x11_memory_attach(swiftvm_x11_memory *_Nonnull memory, int descriptor);

/// The server unmaps it.
void swiftvm_x11_memory_detach(swiftvm_x11_memory *_Nonnull memory, uint32_t attached);

/// Waits until the server has read what was put before the last flush. False when there is no server any more.
bool swiftvm_x11_memory_settle(swiftvm_x11_memory *_Nonnull memory);

/// Whether it has, without waiting. False too when there is no server any more.
bool swiftvm_x11_memory_is_settled(swiftvm_x11_memory *_Nonnull memory);

/// Puts a rectangle of an attached picture of `total_width` by `total_height` pixels to `to_x`, `to_y` of the window.
void swiftvm_x11_memory_put_attached(swiftvm_x11_memory *_Nonnull memory, uint32_t attached, int total_width,
                                     int total_height, int x, int y, int width, int height, int to_x,
                                     int to_y);

/// Puts a rectangle of the pixels to the same place of the window.
void swiftvm_x11_memory_put(swiftvm_x11_memory *_Nonnull memory, int x, int y, int width, int height);

/// Ends a frame: the server gets what was put. The pixels must not be written before the next `swiftvm_x11_memory_pixels`.
void swiftvm_x11_memory_flush(swiftvm_x11_memory *_Nonnull memory);

/// Frees it, and ends the connection.
void swiftvm_x11_memory_free(swiftvm_x11_memory *_Nonnull memory);
