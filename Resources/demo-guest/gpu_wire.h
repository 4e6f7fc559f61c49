// What goes over virtio-gpu's queues (Virtual I/O Device specification 1.1, 5.7.6).
#pragma once

#include <stdint.h>

enum gpu_command {
    GPU_GET_DISPLAY_INFO = 0x0100,
    GPU_RESOURCE_CREATE_2D = 0x0101,
    GPU_RESOURCE_UNREF = 0x0102,
    GPU_SET_SCANOUT = 0x0103,
    GPU_RESOURCE_FLUSH = 0x0104,
    GPU_TRANSFER_TO_HOST_2D = 0x0105,
    GPU_RESOURCE_ATTACH_BACKING = 0x0106,
    GPU_RESOURCE_DETACH_BACKING = 0x0107,
    GPU_GET_EDID = 0x010A,
    GPU_CONTEXT_CREATE = 0x0200,
    GPU_CONTEXT_ATTACH_RESOURCE = 0x0202,
    GPU_RESOURCE_CREATE_3D = 0x0204,
    GPU_TRANSFER_TO_HOST_3D = 0x0205,
    GPU_UPDATE_CURSOR = 0x0300,
    GPU_MOVE_CURSOR = 0x0301,
    GPU_OK_NODATA = 0x1100,
    GPU_OK_DISPLAY_INFO = 0x1101,
    GPU_OK_EDID = 0x1104,
    GPU_FIRST_ERROR = 0x1200,
};

enum gpu_format {
    GPU_B8G8R8A8 = 1,
    GPU_B8G8R8X8 = 2,
};

enum { GPU_MAXIMUM_HEADS = 16 };

struct gpu_header {
    uint32_t type, flags;
    uint64_t fence;
    uint32_t context, padding;
};

struct gpu_rectangle {
    uint32_t x, y, width, height;
};

// Commands that name a resource and nothing else: unref, detach backing, attach to a context.
struct gpu_resource {
    struct gpu_header header;
    uint32_t resource, padding;
};

struct gpu_create_2d {
    struct gpu_header header;
    uint32_t resource, format, width, height;
};

struct gpu_attach_backing {
    struct gpu_header header;
    uint32_t resource, count;
    uint64_t address;  // the one entry
    uint32_t length, padding;
};

struct gpu_set_scanout {
    struct gpu_header header;
    struct gpu_rectangle area;
    uint32_t head, resource;
};

struct gpu_flush {
    struct gpu_header header;
    struct gpu_rectangle area;
    uint32_t resource, padding;
};

struct gpu_transfer_2d {
    struct gpu_header header;
    struct gpu_rectangle area;
    uint64_t offset;
    uint32_t resource, padding;
};

struct gpu_display_info {
    struct gpu_header header;
    struct {
        struct gpu_rectangle area;
        uint32_t enabled, flags;
    } heads[GPU_MAXIMUM_HEADS];
};

struct gpu_get_edid {
    struct gpu_header header;
    uint32_t head, padding;
};

struct gpu_edid {
    struct gpu_header header;
    uint32_t size, padding;
    uint8_t bytes[1024];
};

struct gpu_cursor_command {
    struct gpu_header header;
    uint32_t head, x, y, padding;
    uint32_t resource, hot_x, hot_y, padding_2;
};

struct gpu_context_create {
    struct gpu_header header;
    uint32_t name_length, context_init;
    char name[64];
};

struct gpu_create_3d {
    struct gpu_header header;
    uint32_t resource, target, format, bind, width, height, depth, array_size;
    uint32_t last_level, samples, flags, padding;
};

struct gpu_transfer_3d {
    struct gpu_header header;
    uint32_t x, y, z, width, height, depth;
    uint64_t offset;
    uint32_t resource, level, stride, layer_stride;
};
