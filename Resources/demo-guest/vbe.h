// The linear framebuffer of QEMU's displays with the Bochs "dispi" registers: `-vga std` and the VGA
// side of virtio-vga (ports 0x1CE and 0x1CF), and `-device bochs-display` (in memory BAR 2).
#pragma once

#include "screen.h"

// Finds the display and keeps what text mode needs. False when there is none that we can drive.
bool vbe_setup(void);
// Sets a 32-bit mode. False when the display refused it; then the old mode stays. VGA can only do
// widths that are a multiple of 8; bochs-display does every width.
bool vbe_set_mode(struct mode mode, struct framebuffer *framebuffer);
// Whether the display has what the next two functions need: it is a VGA.
bool vbe_is_vga(void);
// Turns the picture off (the display shows black) and on again.
void vbe_set_blank(bool blank);
// Whether it is in text mode.
bool vbe_is_text(void);
// Goes back to the firmware's text mode and shows a line there. vbe_set_mode leaves it again.
void vbe_set_text(const char *text);
