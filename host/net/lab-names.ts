/** A lab's modes, protocols and arrivals by their names: apart from what reads them, so that a machine without a lab does not load that. */

import { LabArrivals, LabMode, LabProto } from '../../assembly/surface/lab.js';

export const LAB_MODES = { source: LabMode.SOURCE, sink: LabMode.SINK, echo: LabMode.ECHO } as const;
export const LAB_PROTOS = { raw: LabProto.RAW, udp: LabProto.UDP, udp6: LabProto.UDP6, icmp: LabProto.ICMP } as const;
export const LAB_ARRIVALS = { even: LabArrivals.EVEN, poisson: LabArrivals.POISSON } as const;
