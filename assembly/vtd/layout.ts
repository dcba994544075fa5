// Where the remapping unit keeps its state and its caches: parts of VTD_DATA (device/layout.ts).

import { VTD_DATA } from "../device/layout";

@inline export const UNIT_WORDS: usize = VTD_DATA;
@inline export const UNIT_WORDS_SIZE: usize = 256;
/** The registers by their offsets. */
@inline export const UNIT_VALUES: usize = UNIT_WORDS + UNIT_WORDS_SIZE;
@inline export const UNIT_VALUES_SIZE: usize = 768;
/** An entry of each cache is 32 bytes, a context 64. */
@inline export const CONTEXT_ENTRIES: u32 = 64;
@inline export const CONTEXT_CACHE: usize = UNIT_VALUES + UNIT_VALUES_SIZE;
@inline export const CONTEXT_CACHE_SIZE: usize = 64 * <usize>CONTEXT_ENTRIES;
@inline export const IRTE_ENTRIES: u32 = 64;
@inline export const IRTE_CACHE: usize = CONTEXT_CACHE + CONTEXT_CACHE_SIZE;
@inline export const IRTE_CACHE_SIZE: usize = 32 * <usize>IRTE_ENTRIES;
@inline export const MAX_TABLES_KEPT: u32 = 32;
@inline export const TABLE_CACHE: usize = IRTE_CACHE + IRTE_CACHE_SIZE;
@inline export const TABLE_CACHE_SIZE: usize = 32 * <usize>MAX_TABLES_KEPT;
@inline export const MAX_IOTLB: u32 = 1024;
@inline export const IOTLB_CACHE: usize = TABLE_CACHE + TABLE_CACHE_SIZE;
@inline export const IOTLB_CACHE_SIZE: usize = 32 * <usize>MAX_IOTLB;
/** Counts by requester, which outlive a reset (requesters.ts). */
@inline export const MAX_REQUESTERS: u32 = 32;
@inline export const REQUESTER_ROWS: usize = IOTLB_CACHE + IOTLB_CACHE_SIZE;
@inline export const REQUESTER_ROWS_SIZE: usize = 64 * <usize>MAX_REQUESTERS;
