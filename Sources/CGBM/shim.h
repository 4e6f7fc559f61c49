#include <gbm.h>
// The formats' and modifiers' codes of the kernel, and the parts of a modifier.
#include <libdrm/drm_fourcc.h>
