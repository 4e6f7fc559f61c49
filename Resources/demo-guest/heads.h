// The heads, and the display that shows them: a VGA or bochs-display, which has one, or a
// virtio-gpu with up to sixteen.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

// Finds the displays and starts one. False when there is none that we can drive.
bool heads_setup(const struct options *options);
// Goes to the other display, where there is one, and tells it. False when there is none.
bool heads_switch(bool to_virtio);
bool heads_are_virtio(void);
// Whether the display is in text mode, where nothing can be drawn.
bool heads_are_text(void);

// How many heads there are, on or off.
uint32_t heads_count(void);
bool heads_are_on(uint32_t head);
// The size of a head that is on, or that it had.
struct mode heads_mode(uint32_t head);
// Turns a head on, or changes its size: draws its card, shows it, and tells. A size that is not
// possible is told, and the head stays as it was; then it returns false.
bool heads_set(uint32_t head, struct mode mode);
// Turns a head off and tells; a VGA's stays on.
void heads_off(uint32_t head);
// Makes `screen` the next head that is on: `*at` is 0 before the first call. False at the end.
bool heads_next(uint32_t *at);
// Makes `screen` that head; false when it is not on.
bool heads_select(uint32_t head);

// Draws everything on all heads.
void heads_draw(void);
// Shows the pointer where `input` says, on all heads.
void heads_show_pointer(void);
// Sends all that changed to a virtio-gpu, and waits until it is shown.
void heads_flush(void);
// Takes what the host changed: heads that go on or off, sizes, places.
void heads_follow_host(void);
// Tells the number of the frame that is shown.
void heads_tell_frame(void);
// Tells a head, and what its monitor says of itself, on the serial port.
void heads_tell(uint32_t head);
void heads_tell_edid(uint32_t head);
