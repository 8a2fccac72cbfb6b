# The collector: its configuration, its status, and its page on the firm's own machine.

## Configuration
config-line = line { $line }: { $problem }
config-syntax = this is not written as TOML: { $problem }
config-unknown-near = “{ $key }” is not a key Larum knows here. Did you mean “{ $nearest }”?
config-unknown = “{ $key }” is not a key Larum knows here. It knows: { $known }.
config-missing = “{ $key }” is missing. Add it.
config-wrong = “{ $key }” cannot be { $found }. Use { $allowed }.
config-too-many = “{ $key }” has too many entries. The most is { $limit }.
config-no-input = nothing to listen to. Add a [[listen]] or [[file]] section.
config-allowed-text = some text between quotes
config-allowed-yes-no = true or false
config-allowed-number = a whole number from { $min } to { $max }
config-allowed-word = one of: { $words }
config-allowed-address = an address and port such as [::]:5514
config-allowed-loopback = an address of this computer only, such as 127.0.0.1:7780, or “off”
config-allowed-network = an address or network such as 192.0.2.0/24
config-allowed-zone = a time zone such as Europe/London, UTC or +01:00
config-allowed-list = a list such as ["one", "two"]
config-allowed-section = a section of its own
config-good = The configuration is good.
config-problems = { $count ->
    [one] The configuration has one problem:
   *[other] The configuration has { $count } problems:
}
config-unreadable = { $path } cannot be read: { $problem }
