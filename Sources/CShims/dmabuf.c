#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <linux/dma-buf.h>
#include <linux/magic.h>

#include "CShims.h"

#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

bool swiftvm_is_dma_buf(int fd)
{
    struct statfs status;
    return fstatfs(fd, &status) == 0 && (unsigned long)status.f_type == DMA_BUF_MAGIC;
}

static int sync(int fd, unsigned long long flags)
{
    struct dma_buf_sync request = {.flags = flags | DMA_BUF_SYNC_READ};
    int result;
    do
        result = ioctl(fd, DMA_BUF_IOCTL_SYNC, &request);
    while (result < 0 && (errno == EINTR || errno == EAGAIN));
    return result;
}

int swiftvm_dma_buf_begin_read(int fd) { return sync(fd, DMA_BUF_SYNC_START); }

int swiftvm_dma_buf_end_read(int fd) { return sync(fd, DMA_BUF_SYNC_END); }

int swiftvm_dma_buf_fence(int fd)
{
    struct dma_buf_export_sync_file request = {.flags = DMA_BUF_SYNC_READ, .fd = -1};
    return ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &request) < 0 ? -1 : request.fd;
}
