// index_message takes a message apart, with GMime, into what a reader needs to show it (envelope-format §5, §6).
#pragma once

#include "core/base/bytes.h"
#include "core/envelope/index.h"

namespace bulla::mail {

// index_message never fails: a message that cannot be taken apart within bounds has an index with `complete == false`
// and its headers as far as they can be read. Offsets and runs are those of the stored form (envelope::store).
//
// Memory: the message is read where it is. GMime copies header fields and preambles, and holds up to 4 KiB of the
// message in its parser's buffer; neither can be wiped.
envelope::MessageIndex index_message(ByteView message);

}  // namespace bulla::mail
