// The heads of a virtio-gpu: a resource each, its memory, and what is sent of it.
#pragma once

#include <stdbool.h>

#include "edid.h"
#include "layout.h"
#include "options.h"

// What the host says of a head.
struct gpu_display {
    bool on;
    struct mode mode;
    int32_t x, y;
};

// How resources are made. The first row in our memory is always the highest of the picture. In the
// host's texture it is so without the flag; with it virglrenderer stores the rows the other way
// round, and tells the host's display.
enum gpu_resources {
    GPU_RESOURCES_2D,
    GPU_RESOURCES_3D,
    GPU_RESOURCES_3D_Y_0_TOP,
};

// After gpu_start: forgets all heads, and says how resources are made from now on.
void gpu_scanout_setup(enum gpu_resources kind);
// Asks the host which heads are on, how large and where.
void gpu_read_displays(struct gpu_display displays[]);
// Asks for a head's EDID; false when there is none.
bool gpu_read_edid(uint32_t head, struct edid *edid);

// The smallest width and height of a head that QEMU shows.
enum { GPU_MINIMUM_EXTENT = 16 };

// Takes back the memory of the head's resource, which goes on being shown as it is.
void gpu_scanout_detach(uint32_t head);
// Makes a new resource of a size for a head, with `pixels` as its memory: width pixels a row. False
// when the host has no room for it; then the old one stays.
bool gpu_scanout_create(uint32_t head, struct mode mode, uint32_t *pixels);
// Shows the new resource, whose content was sent, in place of the old one, which is freed.
void gpu_scanout_show(uint32_t head);
// Sends an area of the resource to the host, as part of a batch.
void gpu_scanout_transfer(uint32_t head, struct rectangle area);
// Tells the host that the area is to be shown, as part of a batch.
void gpu_scanout_flush(uint32_t head, struct rectangle area);
// Turns a head off and frees its resource.
void gpu_scanout_off(uint32_t head);
// A number for a new resource.
uint32_t gpu_new_resource(void);
