// Where PCI keeps its parts: functions' configuration spaces and what is state beside them, and tables that attach makes again.

import { PCI, PCI_TABLES } from "../base/layout";
import { MAX_FUNCTIONS } from "./spec";

@inline export const PAGE_BYTES: u32 = 4096;
/** Configuration spaces, 4 KiB a function. */
@inline export const CONFIG_SPACES: usize = PCI;
@inline export const CONFIG_SPACES_SIZE: usize = <usize>MAX_FUNCTIONS * PAGE_BYTES;
/** The root's own words (config.ts), and MSI-X tables, handed out at attach (msix.ts). */
@inline export const ROOT_WORDS: usize = CONFIG_SPACES + CONFIG_SPACES_SIZE;
@inline export const ROOT_WORDS_SIZE: usize = 4096;
@inline export const MSIX_PART_BYTES: usize = 1024;
@inline export const MSIX_PARTS: u32 = 26;
@inline export const MSIX_TABLES: usize = ROOT_WORDS + ROOT_WORDS_SIZE;
@inline export const MSIX_TABLES_SIZE: usize = <usize>MSIX_PARTS * MSIX_PART_BYTES;

/** How many functions and MSI-X tables there are. */
@inline export const PCI_COUNTS: usize = PCI_TABLES;
@inline export const PCI_COUNTS_SIZE: usize = 16;
/** The function at a device and function number, plus one. */
@inline export const BY_DEVFN: usize = PCI_COUNTS + PCI_COUNTS_SIZE;
@inline export const BY_DEVFN_SIZE: usize = 256;
@inline export const FUNCTIONS: usize = BY_DEVFN + BY_DEVFN_SIZE;
@inline export const FUNCTIONS_SIZE: usize = <usize>MAX_FUNCTIONS * 64;
/** Six BARs a function, room for eight. */
@inline export const BARS: usize = FUNCTIONS + FUNCTIONS_SIZE;
@inline export const BARS_SIZE: usize = <usize>MAX_FUNCTIONS * 128;
/** Whose MSI-X table is which. */
@inline export const MSIX_OWNERS: usize = BARS + BARS_SIZE;
@inline export const MSIX_OWNERS_SIZE: usize = <usize>MAX_FUNCTIONS * 16;
