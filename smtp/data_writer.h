// DataWriter writes a message as it goes after DATA (RFC 5321 §4.5.2): stuffs dots and adds the end.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::smtp {

class DataWriter {
 public:
  // write appends a piece of the message to `out`. A bare CR or LF is kInvalid: such a message must not leave, since
  // the next server might see its end elsewhere; the connection is then closed without an end.
  Result<> write(ByteView piece, Bytes& out);
  // finish appends the end: CRLF if the message did not end in one, then the dot. kInvalid after a lone CR.
  Result<> finish(Bytes& out);

 private:
  bool line_start_ = true;
  bool after_cr_ = false;
};

}  // namespace bulla::smtp
