// The JSON of the key server's API, written and read. Pure functions.
#pragma once

#include "gateway/key_server.h"

namespace bulla::gateway {

std::string directory_request(const std::vector<std::string>& addresses);
// read_directory: kUnavailable when the text is not an answer to such a request.
Result<Directory> read_directory(std::string_view text);

std::string register_request(const std::vector<NewEnvelope>& envelopes);
// read_results: kUnavailable unless the text answers for exactly these envelopes and recipients, in this order.
Result<std::vector<std::vector<RegisterResult>>> read_results(std::string_view text,
                                                              const std::vector<NewEnvelope>& asked);

// read_error makes an Error of a response that is not 2xx.
Error read_error(unsigned status, std::string_view text);

}  // namespace bulla::gateway
