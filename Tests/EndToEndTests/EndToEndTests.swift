import Testing

/// Real programs, real QEMU, real display servers. One after the other: there is one machine.
@Suite(.serialized) struct EndToEndTests {}
