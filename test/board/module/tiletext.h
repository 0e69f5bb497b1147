/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the driver of linux-xlnx writes into its sysfs files about tiles, made
 * from the registers as they are now. All functions are called with state_sem
 * held, take absolute columns and rows, and leave the text terminated.
 */
#ifndef AIEVIRT_TILETEXT_H
#define AIEVIRT_TILETEXT_H

#include <linux/types.h>

struct vpart;

/* A text under construction; what does not fit is cut off. */
struct text {
	char *buf;
	size_t size;
	size_t len;
	struct vpart *part; /* whose idea of clocks counts */
};

enum error_module { ERRORS_CORE, ERRORS_MEMORY, ERRORS_MEMORY_TILE, ERRORS_PL, ERROR_MODULES };

__printf(2, 3) void put(struct text *t, const char *format, ...);

/* Shim tiles have DMA channels, locks and descriptors where they touch the network on chip. */
bool has_dma(u32 col, u32 row);

/* Files of one tile. */
void put_tile_core(struct text *t, u32 col, u32 row);
void put_tile_dma(struct text *t, u32 col, u32 row);
void put_tile_lock(struct text *t, u32 col, u32 row);
void put_tile_bd(struct text *t, u32 col, u32 row);
void put_tile_event(struct text *t, u32 col, u32 row);
void put_tile_error(struct text *t, u32 col, u32 row);

/* Lines of a partition's files. */
void put_core_status(struct text *t, u32 col, u32 row);
void put_dma_status(struct text *t, u32 col, u32 row);
void put_lock_status(struct text *t, u32 col, u32 row);
void put_error_categories(struct text *t, u32 col, u32 row);

/* Errors of one module of a tile, as its event words say. */
u32 count_errors(u32 col, u32 row, enum error_module module);
bool has_errors(u32 col, u32 row);

#endif
