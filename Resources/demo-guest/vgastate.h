// The plain VGA below the linear framebuffer: its text mode as the firmware left it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Keeps the registers and the first 256 KiB of video memory (characters and font).
void vgastate_save(const uint32_t *framebuffer);
// Brings both back.
void vgastate_restore(uint32_t *framebuffer);
// Writes a line on a cleared text screen.
void vgastate_print(const char *text);
// Without the palette's address source the VGA shows nothing.
void vgastate_set_blank(bool blank);
