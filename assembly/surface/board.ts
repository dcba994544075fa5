// Where the board's parts are that the ACPI tables, written by the host, name.

export const enum BoardPort { PVPANIC = 0x505 }
