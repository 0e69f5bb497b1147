// SPDX-License-Identifier: GPL-2.0
/* The text of sysfs files about tiles: status, locks, DMA channels, descriptors, events, errors. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "aievirt.h"
#include "tiletext.h"

#define LEVEL0 "|"
#define LEVEL1 ", "

/* Bits hi to lo of a descriptor's word. */
struct bd_field {
	u8 word;
	u8 hi;
	u8 lo;
};

/* Locks, DMA channels and descriptors of one kind of tile. Offsets are in the tile. */
struct dma_map {
	u32 locks;
	u32 lock_count;
	bool packed; /* first generation: two bits a lock, and all channels in one status word */

	u32 s2mm;
	u32 mm2s;
	u32 channels;	  /* of each direction */
	u32 current_mask; /* of the descriptor's number, at bit 24; not where packed */

	u32 bd;
	u32 bd_step;
	u32 bd_count;
	struct bd_field address; /* in hex; the high part goes above 32 bits */
	struct bd_field address_high;
	bool has_address_high;
	bool second_is_hex; /* the first of the fields is a second address */
	const struct bd_field *fields;
	u32 field_count;
};

/* Addresses A (apart) and B, length, locks A and B, packet, control, buffers, two dimensions. */
static const struct bd_field aie_core_fields[] = {
	{ 1, 12, 0 },  { 6, 12, 0 },  { 0, 25, 22 }, { 0, 17, 17 }, { 0, 18, 18 }, { 0, 16, 16 },
	{ 0, 20, 20 }, { 0, 21, 21 }, { 0, 19, 19 }, { 1, 25, 22 }, { 1, 17, 17 }, { 1, 18, 18 },
	{ 1, 16, 16 }, { 1, 20, 20 }, { 1, 21, 21 }, { 1, 19, 19 }, { 6, 27, 27 }, { 4, 4, 0 },
	{ 4, 14, 12 }, { 6, 31, 31 }, { 6, 17, 17 }, { 6, 16, 13 }, { 5, 16, 16 }, { 5, 12, 0 },
	{ 6, 30, 30 }, { 6, 26, 26 }, { 6, 25, 18 }, { 6, 29, 28 }, { 2, 31, 24 }, { 2, 23, 16 },
	{ 2, 12, 0 },  { 3, 31, 24 }, { 3, 23, 16 }, { 3, 12, 0 },
};

/* Length, lock, packet, control, AXI. */
static const struct bd_field aie_shim_fields[] = {
	{ 1, 31, 0 },  { 2, 10, 7 }, { 2, 2, 2 },   { 2, 3, 3 },   { 2, 1, 1 },
	{ 2, 5, 5 },   { 2, 6, 6 },  { 2, 4, 4 },   { 4, 31, 31 }, { 4, 4, 0 },
	{ 4, 14, 12 }, { 2, 0, 0 },  { 2, 15, 15 }, { 2, 14, 11 }, { 3, 31, 28 },
	{ 3, 3, 0 },   { 3, 8, 5 },  { 3, 4, 4 },   { 3, 10, 9 },
};

/* Length, locks, packet, control, iteration, three dimensions. */
static const struct bd_field aieml_core_fields[] = {
	{ 0, 13, 0 },  { 5, 3, 0 },   { 5, 11, 5 },  { 5, 12, 12 }, { 5, 16, 13 }, { 5, 24, 18 },
	{ 1, 30, 30 }, { 1, 23, 19 }, { 1, 18, 16 }, { 5, 25, 25 }, { 5, 26, 26 }, { 5, 30, 27 },
	{ 5, 31, 31 }, { 1, 29, 24 }, { 1, 31, 31 }, { 4, 24, 19 }, { 4, 12, 0 },  { 4, 18, 13 },
	{ 2, 12, 0 },  { 3, 20, 13 }, { 2, 25, 13 }, { 3, 28, 21 }, { 3, 12, 0 },
};

/* The same with four dimensions and their padding. */
static const struct bd_field aieml_memory_fields[] = {
	{ 0, 16, 0 },  { 7, 7, 0 },   { 7, 14, 8 },  { 7, 15, 15 }, { 7, 23, 16 }, { 7, 30, 24 },
	{ 0, 31, 31 }, { 0, 27, 23 }, { 0, 30, 28 }, { 7, 31, 31 }, { 1, 19, 19 }, { 1, 25, 20 },
	{ 2, 31, 31 }, { 0, 22, 17 }, { 4, 31, 31 }, { 6, 28, 23 }, { 6, 16, 0 },  { 6, 22, 17 },
	{ 2, 16, 0 },  { 2, 26, 17 }, { 1, 31, 26 }, { 5, 22, 17 }, { 3, 16, 0 },  { 3, 26, 17 },
	{ 3, 31, 27 }, { 5, 27, 23 }, { 4, 16, 0 },  { 4, 26, 17 }, { 4, 30, 27 }, { 5, 31, 28 },
	{ 5, 16, 0 },
};

/* No compression, but AXI. */
static const struct bd_field aieml_shim_fields[] = {
	{ 0, 31, 0 },  { 7, 3, 0 },   { 7, 11, 5 },  { 7, 12, 12 }, { 7, 16, 13 }, { 7, 24, 18 },
	{ 2, 30, 30 }, { 2, 23, 19 }, { 2, 18, 16 }, { 7, 25, 25 }, { 7, 26, 26 }, { 7, 30, 27 },
	{ 7, 31, 31 }, { 2, 29, 24 }, { 6, 31, 26 }, { 6, 19, 0 },  { 6, 25, 20 }, { 3, 19, 0 },
	{ 3, 29, 20 }, { 4, 19, 0 },  { 4, 29, 20 }, { 5, 19, 0 },  { 5, 31, 28 }, { 5, 27, 24 },
	{ 5, 23, 20 }, { 3, 30, 30 }, { 4, 31, 30 },
};

#define FIELDS(list) .fields = (list), .field_count = ARRAY_SIZE(list)

static const struct dma_map aie_core_dma = {
	.locks = 0x1ef00,
	.lock_count = 16,
	.packed = true,
	.s2mm = 0x1df00,
	.mm2s = 0x1df10,
	.channels = 2,
	.bd = 0x1d000,
	.bd_step = 0x20,
	.bd_count = 16,
	.address = { 0, 12, 0 },
	.second_is_hex = true,
	FIELDS(aie_core_fields),
};

static const struct dma_map aie_shim_dma = {
	.locks = 0x14f00,
	.lock_count = 16,
	.packed = true,
	.s2mm = 0x1d160,
	.mm2s = 0x1d164,
	.channels = 2,
	.bd = 0x1d000,
	.bd_step = 0x14,
	.bd_count = 16,
	.address = { 0, 31, 0 },
	.address_high = { 2, 31, 16 },
	.has_address_high = true,
	FIELDS(aie_shim_fields),
};

static const struct dma_map aieml_core_dma = {
	.locks = 0x1f000,
	.lock_count = 16,
	.s2mm = 0x1df00,
	.mm2s = 0x1df10,
	.channels = 2,
	.current_mask = 0xf,
	.bd = 0x1d000,
	.bd_step = 0x20,
	.bd_count = 16,
	.address = { 0, 27, 14 },
	FIELDS(aieml_core_fields),
};

static const struct dma_map aieml_memory_dma = {
	.locks = 0xc0000,
	.lock_count = 64,
	.s2mm = 0xa0660,
	.mm2s = 0xa0680,
	.channels = 6,
	.current_mask = 0x3f,
	.bd = 0xa0000,
	.bd_step = 0x20,
	.bd_count = 48,
	.address = { 1, 18, 0 },
	FIELDS(aieml_memory_fields),
};

static const struct dma_map aieml_shim_dma = {
	.locks = 0x14000,
	.lock_count = 16,
	.s2mm = 0x1d220,
	.mm2s = 0x1d228,
	.channels = 2,
	.current_mask = 0xf,
	.bd = 0x1d000,
	.bd_step = 0x20,
	.bd_count = 16,
	.address = { 1, 31, 0 },
	.address_high = { 2, 15, 0 },
	.has_address_high = true,
	FIELDS(aieml_shim_fields),
};

/*
 * The descriptors stand 0x30 bytes apart in the hardware, but the driver looks
 * for them every 0x20 bytes: its text is right for the first one only.
 */
static const struct dma_map aie2ps_shim_dma = {
	.locks = 0x00000,
	.lock_count = 16,
	.s2mm = 0x09320,
	.mm2s = 0x09328,
	.channels = 2,
	.current_mask = 0xf,
	.bd = 0x09000,
	.bd_step = 0x20,
	.bd_count = 16,
	.address = { 1, 31, 0 },
	.address_high = { 2, 15, 0 },
	.has_address_high = true,
	FIELDS(aieml_shim_fields),
};

static const char *const core_bits[] = {
	"enabled",
	"reset",
	"south_memory_stall",
	"west_memory_stall",
	"north_memory_stall",
	"east_memory_stall",
	"south_lock_stall",
	"west_lock_stall",
	"north_lock_stall",
	"east_lock_stall",
	"stream_stall_ss0",
	"stream_stall_ss1",
	"stream_stall_ms0",
	"stream_stall_ms1",
	"cascade_stall_scd",
	"cascade_stall_mcd",
	"debug_halt",
	"ecc_error_stall",
	"ecc_scrubbing_stall",
	"error_halt",
	"core_done",
	"core_processor_bus_stall",
};

static const char *const aie_locks[] = { "released_for_write", "acquired_for_write",
					 "released_for_read", "acquired_for_read" };
static const char *const aie_channels[] = { "idle", "starting", "running",
					    "stalled_on_requesting_lock" };
static const char *const aieml_channels[] = { "idle", "running" };
static const char *const queues[] = { "okay", "overflow" };

static bool first_generation(void)
{
	return varray.gen->row_shift == 18;
}

static const struct dma_map *dma_of(u32 row)
{
	enum row_kind kind = row_kind(row);

	if (first_generation())
		return kind == ROW_SHIM ? &aie_shim_dma : &aie_core_dma;
	if (kind == ROW_SHIM)
		return varray.gen->clock == 0x7ff20 ? &aie2ps_shim_dma : &aieml_shim_dma;
	return kind == ROW_MEMORY ? &aieml_memory_dma : &aieml_core_dma;
}

bool has_dma(u32 col, u32 row)
{
	/* Of four shim tiles two touch the network on chip; with AIE2PS all do. */
	return row || dma_of(row) == &aie2ps_shim_dma || col % 4 >= 2;
}

void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += vscnprintf(t->buf + t->len, t->size - t->len, format, args);
	va_end(args);
}

static u32 bits_of(u32 word, u32 hi, u32 lo)
{
	return (word & GENMASK(hi, lo)) >> lo;
}

/* ------------------------------------------------------------------- cores */

/* A tile that the driver believes to be clocked and is not is touched: said in the log, read as gated. */
static bool may_read(struct text *t, u32 col, u32 row)
{
	if (!part_clocked(t->part, col, row))
		return false;
	if (tile_runs(col, row))
		return true;
	forbidden("gated access %u,%u by an attribute", col, row);
	return false;
}

/* In the first generation the end of a core can be missed; then the event that disabled it says so. */
static u32 core_status(u32 col, u32 row)
{
	u32 status = tile_peek(col, row, varray.gen->core_status);

	if (first_generation() && tile_peek(col, row, 0x32008) & BIT(15))
		status |= BIT(20);
	return status;
}

void put_core_status(struct text *t, u32 col, u32 row)
{
	u32 status = core_status(col, row);
	u32 n, known = first_generation() ? 21 : 22;
	const char *between = "";

	if (!may_read(t, col, row)) {
		put(t, "clock_gated");
		return;
	}
	status &= GENMASK(known - 1, 0);
	if (!status)
		put(t, "disabled");
	for (n = 0; n < known; n++) {
		const char *word = core_bits[n];

		if (!(status & BIT(n)))
			continue;
		/* Later generations spell the first bit differently, and have no second stream. */
		if (!first_generation())
			word = n == 0 ? "enable" : n == 11 || n == 13 ? "" : word;
		put(t, "%s%s", between, word);
		between = LEVEL0;
	}
}

void put_tile_core(struct text *t, u32 col, u32 row)
{
	const struct generation *gen = varray.gen;
	bool runs = may_read(t, col, row);

	put(t, "status: ");
	put_core_status(t, col, row);
	put(t, "\npc: %#.8x\n", runs ? tile_peek(col, row, gen->pc) & GENMASK(19, 0) : 0);
	put(t, "lr: %#.8x\n", runs ? tile_peek(col, row, gen->lr) & GENMASK(19, 0) : 0);
	put(t, "sp: %#.8x\n", runs ? tile_peek(col, row, gen->sp) & GENMASK(19, 0) : 0);
}

/* ------------------------------------------------------------------- locks */

static void put_lock(struct text *t, u32 col, u32 row, u32 n)
{
	const struct dma_map *map = dma_of(row);

	if (map->packed)
		put(t, "%s", aie_locks[(tile_peek(col, row, map->locks) >> 2 * n) & 3]);
	else
		put(t, "%u", tile_peek(col, row, map->locks + 0x10 * n) & GENMASK(5, 0));
}

/*
 * Overflows and underflows are never shown: where the driver means a lock's own
 * bit it looks at the one behind the last lock, which nobody sets.
 */
void put_tile_lock(struct text *t, u32 col, u32 row)
{
	const struct dma_map *map = dma_of(row);
	bool runs = may_read(t, col, row);
	u32 n;

	for (n = 0; n < map->lock_count; n++) {
		put(t, "%u: ", n);
		if (!runs)
			put(t, "clock_gated");
		else
			put_lock(t, col, row, n);
		put(t, "\n");
	}
}

void put_lock_status(struct text *t, u32 col, u32 row)
{
	u32 n;

	if (!may_read(t, col, row)) {
		put(t, "clock_gated");
		return;
	}
	for (n = 0; n < dma_of(row)->lock_count; n++) {
		put(t, "%s", n ? LEVEL0 : "");
		put_lock(t, col, row, n);
	}
}

/* ------------------------------------------------------------ DMA channels */

enum channel_part { STATE, QUEUE_SIZE, QUEUE_STATUS, CURRENT };

static void put_channel(struct text *t, u32 col, u32 row, u32 reg, u32 ch, enum channel_part part)
{
	const struct dma_map *map = dma_of(row);
	u32 word = tile_peek(col, row, map->packed ? reg : reg + 4 * ch);

	switch (part) {
	case STATE:
		if (map->packed)
			put(t, "%s",
			    aie_channels[((word >> 2 * ch) & 3) | ((word >> (4 + ch)) & 1)]);
		else
			put(t, "%s", aieml_channels[(word >> 19) & 1]);
		break;
	case QUEUE_SIZE:
		put(t, "%u", map->packed ? (word >> (6 + 3 * ch)) & 7 : (word >> 20) & 7);
		break;
	case QUEUE_STATUS:
		put(t, "%s", queues[(map->packed ? word >> (28 + ch) : word >> 18) & 1]);
		break;
	case CURRENT:
		put(t, "%u",
		    map->packed ? (word >> (16 + 4 * ch)) & 0xf : (word >> 24) & map->current_mask);
		break;
	}
}

static void put_channels(struct text *t, u32 col, u32 row, enum channel_part part)
{
	const struct dma_map *map = dma_of(row);
	u32 ch;

	if (!may_read(t, col, row)) {
		put(t, "mm2s: clock_gated" LEVEL1 "s2mm: clock_gated");
		return;
	}
	put(t, "mm2s: ");
	for (ch = 0; ch < map->channels; ch++) {
		put(t, "%s", ch ? LEVEL0 : "");
		put_channel(t, col, row, map->mm2s, ch, part);
	}
	put(t, LEVEL1 "s2mm: ");
	for (ch = 0; ch < map->channels; ch++) {
		put(t, "%s", ch ? LEVEL0 : "");
		put_channel(t, col, row, map->s2mm, ch, part);
	}
}

void put_dma_status(struct text *t, u32 col, u32 row)
{
	put_channels(t, col, row, STATE);
}

void put_tile_dma(struct text *t, u32 col, u32 row)
{
	static const char *const names[] = { "channel_status", "queue_size", "queue_status",
					     "current_bd" };
	unsigned int part;

	for (part = STATE; part <= CURRENT; part++) {
		put(t, "%s: ", names[part]);
		put_channels(t, col, row, part);
		put(t, "\n");
	}
	/* The driver's table has no register for it: it is always zero. */
	if (first_generation())
		put(t,
		    may_read(t, col, row) ? "fifo_len: 0" LEVEL0 "0\n" : "fifo_len: clock_gated\n");
}

/* ------------------------------------------------------------- descriptors */

static u32 bd_bits(u32 col, u32 row, u32 bd, const struct bd_field *field)
{
	return bits_of(tile_peek(col, row, bd + 4 * field->word), field->hi, field->lo);
}

void put_tile_bd(struct text *t, u32 col, u32 row)
{
	const struct dma_map *map = dma_of(row);
	bool runs = may_read(t, col, row);
	u32 n, i;

	for (n = 0; n < map->bd_count; n++) {
		u32 bd = map->bd + n * map->bd_step;
		u64 address;

		put(t, "%u: ", n);
		if (!runs) {
			put(t, "clock_gated\n");
			continue;
		}
		address = bd_bits(col, row, bd, &map->address);
		if (map->has_address_high)
			address |= (u64)bd_bits(col, row, bd, &map->address_high) << 32;
		put(t, "%llx", address);
		for (i = 0; i < map->field_count; i++)
			put(t, !i && map->second_is_hex ? LEVEL0 "%x" : LEVEL0 "%u",
			    bd_bits(col, row, bd, &map->fields[i]));
		put(t, "\n");
	}
}

/* ------------------------------------------------------------------ events */

static void put_events(struct text *t, u32 col, u32 row, u32 reg)
{
	const char *between = "";
	u32 n;

	if (!may_read(t, col, row)) {
		put(t, "clock_gated");
		return;
	}
	for (n = 0; n < 128; n++) {
		if (!(tile_peek(col, row, reg + n / 32 * 4) & BIT(n % 32)))
			continue;
		put(t, "%s%u", between, n);
		between = LEVEL0;
	}
}

void put_tile_event(struct text *t, u32 col, u32 row)
{
	if (row_kind(row) == ROW_CORE) {
		put(t, "core: ");
		put_events(t, col, row, 0x34200);
		put(t, "\nmemory: ");
		put_events(t, col, row, 0x14200);
	} else {
		/* Memory tiles too: the driver then reads their memory, where the shim has its
		 * events. */
		put(t, "pl: ");
		put_events(t, col, row, 0x34200);
	}
	put(t, "\n");
}

/* ------------------------------------------------------------------ errors */

struct error {
	u8 event;
	u8 category;
	const char *name;
};

static const char *const categories[] = { "saturation", "floating_point", "stream_switch", "access",
					  "bus",	"instruction",	  "ecc",	   "lock",
					  "dma",	"memory_parity" };
enum { STREAM = 2, ACCESS, BUS, INSTRUCTION, ECC, LOCK, DMA, PARITY };

/* In the driver's order: by category, and within it as it lists them. */
static const struct error aie_core_errors[] = {
	{ 54, STREAM, "tlast_in_wss_words_0-2" },
	{ 57, STREAM, "control_packet_error" },
	{ 56, STREAM, "stream_packet_parity_error" },
	{ 55, ACCESS, "pm_reg_access_failure" },
	{ 66, ACCESS, "dm_access_to_unavailable" },
	{ 65, ACCESS, "pm_address_out_of_range" },
	{ 60, ACCESS, "dm_address_out_of_range" },
	{ 58, BUS, "axi-mm_slave_error" },
	{ 59, INSTRUCTION, "instruction_decompression_error" },
	{ 64, ECC, "pm_ecc_error_2-bit" },
	{ 62, ECC, "pm_ecc_error_scrub_2-bit" },
	{ 67, LOCK, "lock_access_to_unavailable" },
	{},
};

static const struct error aieml_core_errors[] = {
	{ 71, STREAM, "stream_switch_port_parity_error" },
	{ 57, STREAM, "control_pkt_error" },
	{ 56, STREAM, "stream_pkt_parity_error" },
	{ 55, ACCESS, "pm_reg_access_failure" },
	{ 60, ACCESS, "dm_address_out_of_range" },
	{ 65, ACCESS, "pm_address_out_of_range" },
	{ 66, ACCESS, "dm_access_to_unavailable" },
	{ 58, BUS, "axi_mm_slave_error" },
	{ 59, INSTRUCTION, "instruction_decompression_error" },
	{ 70, INSTRUCTION, "decompression_underflow" },
	{ 64, ECC, "pm_ecc_error_2-bit" },
	{ 62, ECC, "pm_ecc_error_scrub_2-bit" },
	{ 67, LOCK, "lock_access_to_unavailable" },
	{ 72, LOCK, "processor_bus_error" },
	{},
};

static const struct error memory_errors[] = {
	{ 88, ECC, "dm_ecc_error_scrub_2-bit" },
	{ 90, ECC, "dm_ecc_error_2-bit" },
	{ 91, PARITY, "dm_parity_error_bank_2" },
	{ 92, PARITY, "dm_parity_error_bank_3" },
	{ 93, PARITY, "dm_parity_error_bank_4" },
	{ 94, PARITY, "dm_parity_error_bank_5" },
	{ 95, PARITY, "dm_parity_error_bank_6" },
	{ 96, PARITY, "dm_parity_error_bank_7" },
	{ 97, DMA, "dma_s2mm_0_error" },
	{ 98, DMA, "dma_s2mm_1_error" },
	{ 99, DMA, "dma_mm2s_0_error" },
	{ 100, DMA, "dma_mm2s_1_error" },
	{},
};

static const struct error memory_tile_errors[] = {
	{ 132, ECC, "dm_ecc_error_2-bit" },
	{ 130, ECC, "dm_ecc_error_scrub_2-bit" },
	{ 137, STREAM, "control_pkt_error" },
	{ 136, STREAM, "stream_pkt_parity_error" },
	{ 135, STREAM, "stream_switch_port_parity_error" },
	{ 134, DMA, "dma_mm2s_error" },
	{ 133, DMA, "dma_s2mm_error" },
	{ 58, BUS, "axi_mm_slave_error" },
	{ 139, LOCK, "lock_error" },
	{},
};

static const struct error aie_pl_errors[] = {
	{ 62, BUS, "axi-mm_slave_tile_error" },
	{ 63, STREAM, "control_packet_error" },
	{ 64, STREAM, "axi-mm_decode_nsu_error" },
	{ 65, STREAM, "axi-mm_slave_nsu_error" },
	{ 66, STREAM, "axi-mm_unsupported_traffic" },
	{ 67, STREAM, "axi-mm_unsecure_access_in_secure_mode" },
	{ 68, STREAM, "axi-mm_byte_strobe_error" },
	{ 69, DMA, "dma_s2mm_0_error" },
	{ 70, DMA, "dma_s2mm_1_error" },
	{ 71, DMA, "dma_mm2s_0_error" },
	{ 72, DMA, "dma_mm2s_1_error" },
	{},
};

static const struct error aieml_pl_errors[] = {
	{ 71, BUS, "axi_mm_byte_strobe_error" },
	{ 70, BUS, "axi_mm_unsecure_access_in_secure_mode" },
	{ 69, BUS, "axi_mm_unsupported_traffic" },
	{ 68, BUS, "axi_mm_slave_nsu_error" },
	{ 67, BUS, "axi_mm_decode_nsu_error" },
	{ 64, BUS, "axi_mm_slave_tile_error" },
	{ 66, STREAM, "stream_switch_port_parity_error" },
	{ 65, STREAM, "control_pkt_error" },
	{ 73, DMA, "dma_mm2s_error" },
	{ 72, DMA, "dma_s2mm_error" },
	{},
};

static const char *const module_names[ERROR_MODULES] = { "core", "memory", "memory_tile", "pl" };
static const enum row_kind module_rows[ERROR_MODULES] = { ROW_CORE, ROW_CORE, ROW_MEMORY,
							  ROW_SHIM };
static const u32 module_events[ERROR_MODULES] = { 0x34200, 0x14200, 0x94200, 0x34200 };

static const struct error *errors_of(enum error_module module)
{
	switch (module) {
	case ERRORS_CORE:
		return first_generation() ? aie_core_errors : aieml_core_errors;
	case ERRORS_MEMORY:
		return memory_errors;
	case ERRORS_MEMORY_TILE:
		return memory_tile_errors;
	default:
		return first_generation() ? aie_pl_errors : aieml_pl_errors;
	}
}

/* The driver keeps what its interrupts told; here the event words tell. */
static bool error_set(u32 col, u32 row, enum error_module module, const struct error *e)
{
	u32 word = tile_peek(col, row, module_events[module] + e->event / 32 * 4);

	return row_kind(row) == module_rows[module] && (word & BIT(e->event % 32));
}

u32 count_errors(u32 col, u32 row, enum error_module module)
{
	const struct error *e;
	u32 n = 0;

	for (e = errors_of(module); e->name; e++)
		n += error_set(col, row, module, e);
	return n;
}

bool has_errors(u32 col, u32 row)
{
	unsigned int m;

	for (m = 0; m < ERROR_MODULES; m++)
		if (count_errors(col, row, m))
			return true;
	return false;
}

void put_tile_error(struct text *t, u32 col, u32 row)
{
	unsigned int m;

	for (m = 0; m < ERROR_MODULES; m++) {
		const struct error *e;
		int open = -1;

		for (e = errors_of(m); e->name; e++) {
			if (!error_set(col, row, m, e))
				continue;
			if (open == e->category) {
				put(t, LEVEL0 "%s", e->name);
				continue;
			}
			/* A memory tile's errors are those of a memory to the driver. */
			put(t, "%s%s: %s: %s", open < 0 ? "" : "\n",
			    m == ERRORS_MEMORY_TILE ? "memory" : module_names[m],
			    categories[e->category], e->name);
			open = e->category;
		}
		if (open >= 0)
			put(t, "\n");
	}
}

void put_error_categories(struct text *t, u32 col, u32 row)
{
	const char *between = "";
	unsigned int m;

	if (!has_errors(col, row))
		return;
	put(t, "%u_%u: ", col, row);
	for (m = 0; m < ERROR_MODULES; m++) {
		const struct error *e;
		int last = -1;

		for (e = errors_of(m); e->name; e++) {
			if (!error_set(col, row, m, e) || e->category == last)
				continue;
			if (last < 0)
				put(t, "%s%s: %s", between, module_names[m],
				    categories[e->category]);
			else
				put(t, LEVEL0 "%s", categories[e->category]);
			last = e->category;
			between = LEVEL1;
		}
	}
	put(t, "\n");
}
