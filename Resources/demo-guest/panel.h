// The person's input on the card: as cells for programs, as text for people.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Draws all of it into the picture. `with_text` is false where nothing but cells is wanted.
void panel_draw(bool with_text);
// After `count` more key bytes: draws what changed, and shows it.
void panel_keys(uint32_t count, bool with_text);
// After an event of a virtio keyboard: as panel_keys, for the rows that only those have.
void panel_event(void);
// After the host moved the head.
void panel_place(void);
// After the pointer's device reported: draws what changed, and shows it.
void panel_mouse(bool with_text);
