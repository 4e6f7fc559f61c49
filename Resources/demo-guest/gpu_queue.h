// The virtio-gpu device: commands on its control queue and its cursor queue.
#pragma once

#include <stdbool.h>

#include "gpu_wire.h"

enum gpu_features {
    GPU_HAS_VIRGL = 1 << 0,
    GPU_HAS_EDID = 1 << 1,
};

// Looks for the device (virtio-gpu-pci, virtio-vga, and the -gl kinds). False when there is none.
bool gpu_find(void);
// Starts it; after gpu_stop again. `wanted` is of gpu_features. False when it does not start.
bool gpu_start(uint32_t wanted);
// Resets it. It forgets resources and scanouts, and a virtio-vga shows its VGA.
void gpu_stop(void);
// What device and driver agreed on, of gpu_features.
uint32_t gpu_features(void);
// How many heads it has, on or off: 1 to GPU_MAXIMUM_HEADS.
uint32_t gpu_head_count(void);
// Whether gpu_take_event has something to look at.
bool gpu_event_waits(void);
// Whether the host changed heads since the last call.
bool gpu_take_event(void);

// The next command of a batch, zeroed, with its header. It may send what waits when there is no
// room, so fill in one command before asking for the next.
void *gpu_command(uint32_t type, uint32_t size);
// Sends the batch and waits until the device has done all of it: then memory that it read may be
// drawn over. An answer that is an error is told on the serial port; false when there was one.
bool gpu_finish(void);
// As gpu_finish, for a batch of one command that answers: its answer, or null when it is not of
// type `type`. It stays valid until the next command.
const void *gpu_ask(uint32_t type);
// Sends one command on the cursor queue and waits for it.
void gpu_send_cursor(const struct gpu_cursor_command *command);
