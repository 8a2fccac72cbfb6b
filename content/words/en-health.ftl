# What is wrong with a device or with the collector itself: told at once, and again when it is over.

status-concern = { $title }. { $text }
concern-over = Over: { $title }

concern-device-silent = { $device } has gone silent
concern-device-silent-text = Last heard { $heard }. At this time of the week it is hardly ever quiet for longer than { $span }. Check that it is switched on and still sends its log here.
concern-unread-jump = Many lines of { $device } suddenly cannot be read
concern-unread-jump-text = Since { $since } about { $amount } of 100 lines are not understood; before, they were. Was it updated, or set to another log format? Run “larum doctor” to see what the lines look like.
concern-device-clock = The clock of { $device } is wrong
concern-device-clock-text = It is off by { $span }. Set it by a time server (NTP).
concern-lines-lost = Lines are being lost
concern-lines-lost-text = { $amount } lines were lost within five minutes because too many came at once. Let your devices send by TCP, or raise “limits.udp-buffer-bytes”. “larum doctor” says how.
concern-hub-unreached = The hub gives no answer
concern-hub-unreached-text = Last answer: { $heard }. Nothing is lost: it waits on this computer until the hub answers. If this lasts, run “larum doctor”: it says which step fails.
concern-own-clock = The clock of this computer is wrong
concern-own-clock-text = It differs from the hub’s by { $span }. Switch on time from a server (NTP): “timedatectl set-ntp true”.
concern-spool-grows = More and more waits for the hub
concern-spool-grows-text = { $amount } sightings wait, and they have not become fewer. Nothing is lost yet. Run “larum doctor”: it says which step to the hub fails.
concern-disk-filling = The disk is nearly full
concern-disk-filling-text = Only { $megabytes } MB are free where Larum keeps its records. Make room, or it cannot keep what it finds.
