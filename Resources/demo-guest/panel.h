// The person's input on the card: as cells for programs, as text for people.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Draws all of it into the picture. `with_text` is false where nothing but cells is wanted.
void panel_draw(bool with_text);
// After one more key byte: draws what changed, and shows it.
void panel_key(bool with_text);
// After a mouse packet: draws what changed, and shows it, the pointer too.
void panel_mouse(bool with_text);
