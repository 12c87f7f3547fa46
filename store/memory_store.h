// MemoryStore keeps everything in maps: the model that other engines are compared with, and the store of unit tests.
// Each transaction works on a copy of the whole, which is plain and slow.
#pragma once

#include <memory>

#include "store/store.h"

namespace bulla::store {

class MemoryStore final : public Store {
 public:
  MemoryStore();
  ~MemoryStore() override;
  Result<> read(const std::function<Result<>(Reader&)>& body) override;
  Result<> write(const std::function<Result<>(Transaction&)>& body) override;
  Result<> tidy() override { return {}; }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bulla::store
