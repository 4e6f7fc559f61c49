#include "gpu_cursor.h"

#include "gpu_queue.h"
#include "gpu_scanout.h"

enum { BYTES = CURSOR_EXTENT * CURSOR_EXTENT * 4 };

static uint32_t images[CURSOR_SHAPES][CURSOR_EXTENT * CURSOR_EXTENT];
static uint32_t resources[CURSOR_SHAPES];
static struct gpu_cursor_command cursors[GPU_MAXIMUM_HEADS];

void gpu_cursor_setup(void) {
    for (uint32_t i = 0; i < CURSOR_SHAPES; i++) resources[i] = 0;
    for (uint32_t i = 0; i < GPU_MAXIMUM_HEADS; i++)
        cursors[i] = (struct gpu_cursor_command){.head = i};
}

static uint32_t resource_of(enum cursor_shape shape) {
    if (resources[shape]) return resources[shape];
    for (int32_t y = 0; y < CURSOR_EXTENT; y++)
        for (int32_t x = 0; x < CURSOR_EXTENT; x++)
            images[shape][y * CURSOR_EXTENT + x] = cursor_pixel(shape, x, y);
    uint32_t resource = resources[shape] = gpu_new_resource();
    struct gpu_create_2d *create = gpu_command(GPU_RESOURCE_CREATE_2D, sizeof *create);
    create->resource = resource;
    create->format = GPU_B8G8R8A8;
    create->width = create->height = CURSOR_EXTENT;
    struct gpu_attach_backing *attach = gpu_command(GPU_RESOURCE_ATTACH_BACKING, sizeof *attach);
    attach->resource = resource;
    attach->count = 1;
    attach->address = (uint32_t)images[shape];
    attach->length = BYTES;
    struct gpu_transfer_2d *transfer = gpu_command(GPU_TRANSFER_TO_HOST_2D, sizeof *transfer);
    transfer->area.width = transfer->area.height = CURSOR_EXTENT;
    transfer->resource = resource;
    gpu_finish();
    return resource;
}

void gpu_cursor_show(uint32_t head, enum cursor_shape shape, uint32_t hot_x, uint32_t hot_y,
                     int32_t x, int32_t y) {
    struct gpu_cursor_command *cursor = &cursors[head];
    cursor->header.type = GPU_UPDATE_CURSOR;
    cursor->resource = resource_of(shape);
    cursor->hot_x = hot_x;
    cursor->hot_y = hot_y;
    cursor->x = (uint32_t)x;
    cursor->y = (uint32_t)y;
    gpu_send_cursor(cursor);
}

void gpu_cursor_move(uint32_t head, int32_t x, int32_t y) {
    struct gpu_cursor_command *cursor = &cursors[head];
    if (cursor->resource == 0) {
        gpu_cursor_show(head, CURSOR_ARROW, 0, 0, x, y);
        return;
    }
    // QEMU looks at the resource in a move too: without one it hides the cursor.
    cursor->header.type = GPU_MOVE_CURSOR;
    cursor->x = (uint32_t)x;
    cursor->y = (uint32_t)y;
    gpu_send_cursor(cursor);
}

void gpu_cursor_hide(uint32_t head) {
    struct gpu_cursor_command *cursor = &cursors[head];
    if (cursor->resource == 0) return;
    cursor->header.type = GPU_UPDATE_CURSOR;
    cursor->resource = 0;
    gpu_send_cursor(cursor);
}
