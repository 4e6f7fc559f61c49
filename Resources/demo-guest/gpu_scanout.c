#include "gpu_scanout.h"

#include "gpu_queue.h"

enum {
    CONTEXT = 1,
    TARGET_2D = 2,                // virgl's PIPE_TEXTURE_2D
    BIND_RENDER_TARGET = 1 << 1,  // VIRGL_BIND_...
    BIND_SAMPLER_VIEW = 1 << 3,
    BIND_SCANOUT = 1 << 18,
    FLAG_Y_0_TOP = 1 << 0,
};

struct scanout {
    uint32_t resource, old;
    struct mode mode;
};

static struct scanout scanouts[GPU_MAXIMUM_HEADS];
static enum gpu_resources kind;
static uint32_t last_resource;

uint32_t gpu_new_resource(void) { return ++last_resource; }

void gpu_scanout_setup(enum gpu_resources wanted) {
    kind = wanted;
    for (uint32_t i = 0; i < GPU_MAXIMUM_HEADS; i++) scanouts[i] = (struct scanout){0};
    if (kind == GPU_RESOURCES_2D) return;
    static const char name[] = "demo guest";
    struct gpu_context_create *create = gpu_command(GPU_CONTEXT_CREATE, sizeof *create);
    create->header.context = CONTEXT;
    create->name_length = sizeof name - 1;
    for (uint32_t i = 0; i < sizeof name - 1; i++) create->name[i] = name[i];
    gpu_finish();
}

void gpu_read_displays(struct gpu_display displays[]) {
    for (uint32_t i = 0; i < GPU_MAXIMUM_HEADS; i++) displays[i] = (struct gpu_display){0};
    gpu_command(GPU_GET_DISPLAY_INFO, sizeof(struct gpu_header));
    const struct gpu_display_info *info = gpu_ask(GPU_OK_DISPLAY_INFO);
    for (uint32_t i = 0; info && i < gpu_head_count(); i++) {
        const struct gpu_rectangle area = info->heads[i].area;
        displays[i] = (struct gpu_display){
            .on = info->heads[i].enabled != 0,
            .mode = {area.width < 0xFFFF ? (uint16_t)area.width : 0xFFFF,
                     area.height < 0xFFFF ? (uint16_t)area.height : 0xFFFF},
            .x = (int32_t)area.x,
            .y = (int32_t)area.y,
        };
    }
}

bool gpu_read_edid(uint32_t head, struct edid *edid) {
    if (!(gpu_features() & GPU_HAS_EDID)) return false;
    struct gpu_get_edid *get = gpu_command(GPU_GET_EDID, sizeof *get);
    get->head = head;
    const struct gpu_edid *answer = gpu_ask(GPU_OK_EDID);
    if (!answer) return false;
    uint32_t size = answer->size < sizeof answer->bytes ? answer->size : sizeof answer->bytes;
    return edid_parse(answer->bytes, size, edid);
}

static void send_resource(uint32_t command, uint32_t resource, uint32_t context) {
    struct gpu_resource *request = gpu_command(command, sizeof *request);
    request->header.context = context;
    request->resource = resource;
}

void gpu_scanout_detach(uint32_t head) {
    if (scanouts[head].resource == 0) return;
    send_resource(GPU_RESOURCE_DETACH_BACKING, scanouts[head].resource, 0);
    gpu_finish();
}

static void create_2d(const struct scanout *scanout) {
    struct gpu_create_2d *create = gpu_command(GPU_RESOURCE_CREATE_2D, sizeof *create);
    create->resource = scanout->resource;
    create->format = GPU_B8G8R8X8;
    create->width = scanout->mode.width;
    create->height = scanout->mode.height;
}

static void create_3d(const struct scanout *scanout) {
    struct gpu_create_3d *create = gpu_command(GPU_RESOURCE_CREATE_3D, sizeof *create);
    create->resource = scanout->resource;
    create->target = TARGET_2D;
    create->format = GPU_B8G8R8X8;
    create->bind = BIND_RENDER_TARGET | BIND_SAMPLER_VIEW | BIND_SCANOUT;
    create->width = scanout->mode.width;
    create->height = scanout->mode.height;
    create->depth = 1;
    create->array_size = 1;
    create->flags = kind == GPU_RESOURCES_3D_Y_0_TOP ? FLAG_Y_0_TOP : 0;
    send_resource(GPU_CONTEXT_ATTACH_RESOURCE, scanout->resource, CONTEXT);
}

bool gpu_scanout_create(uint32_t head, struct mode mode, uint32_t *pixels) {
    struct scanout *scanout = &scanouts[head];
    struct scanout before = *scanout;
    *scanout = (struct scanout){gpu_new_resource(), before.resource, mode};
    if (kind == GPU_RESOURCES_2D)
        create_2d(scanout);
    else
        create_3d(scanout);
    struct gpu_attach_backing *attach = gpu_command(GPU_RESOURCE_ATTACH_BACKING, sizeof *attach);
    attach->resource = scanout->resource;
    attach->count = 1;
    attach->address = (uint32_t)pixels;
    attach->length = (uint32_t)mode.width * mode.height * 4;
    if (gpu_finish()) return true;
    *scanout = before;
    return false;
}

void gpu_scanout_show(uint32_t head) {
    struct scanout *scanout = &scanouts[head];
    struct gpu_set_scanout *set = gpu_command(GPU_SET_SCANOUT, sizeof *set);
    set->area.width = scanout->mode.width;
    set->area.height = scanout->mode.height;
    set->head = head;
    set->resource = scanout->resource;
    gpu_scanout_flush(head, (struct rectangle){0, 0, scanout->mode.width, scanout->mode.height});
    if (scanout->old) send_resource(GPU_RESOURCE_UNREF, scanout->old, 0);
    scanout->old = 0;
    gpu_finish();
}

static struct gpu_rectangle on_wire(struct rectangle area) {
    return (struct gpu_rectangle){(uint32_t)area.x, (uint32_t)area.y, (uint32_t)area.width,
                                  (uint32_t)area.height};
}

static uint32_t offset_of(const struct scanout *scanout, struct gpu_rectangle area) {
    return (area.y * scanout->mode.width + area.x) * 4;
}

static void transfer_3d(const struct scanout *scanout, struct gpu_rectangle area) {
    struct gpu_transfer_3d *transfer = gpu_command(GPU_TRANSFER_TO_HOST_3D, sizeof *transfer);
    transfer->header.context = CONTEXT;
    transfer->x = area.x;
    transfer->y = area.y;
    transfer->width = area.width;
    transfer->height = area.height;
    transfer->depth = 1;
    transfer->offset = offset_of(scanout, area);
    transfer->resource = scanout->resource;
    transfer->stride = scanout->mode.width * 4u;
}

void gpu_scanout_transfer(uint32_t head, struct rectangle area) {
    const struct scanout *scanout = &scanouts[head];
    struct gpu_rectangle place = on_wire(area);
    if (kind != GPU_RESOURCES_2D) {
        transfer_3d(scanout, place);
        return;
    }
    struct gpu_transfer_2d *transfer = gpu_command(GPU_TRANSFER_TO_HOST_2D, sizeof *transfer);
    transfer->area = place;
    transfer->offset = offset_of(scanout, place);
    transfer->resource = scanout->resource;
}

void gpu_scanout_flush(uint32_t head, struct rectangle area) {
    struct gpu_flush *flush = gpu_command(GPU_RESOURCE_FLUSH, sizeof *flush);
    flush->area = on_wire(area);
    flush->resource = scanouts[head].resource;
}

void gpu_scanout_off(uint32_t head) {
    struct scanout *scanout = &scanouts[head];
    if (scanout->resource == 0) return;
    struct gpu_set_scanout *set = gpu_command(GPU_SET_SCANOUT, sizeof *set);
    set->head = head;
    send_resource(GPU_RESOURCE_UNREF, scanout->resource, 0);
    *scanout = (struct scanout){0};
    gpu_finish();
}
