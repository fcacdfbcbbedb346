//===- DeviceSpec.cpp - Devices in the IR ---------------------------------===//

#include "rac/Cost/DeviceSpec.h"
#include "DeviceFields.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace rac;
namespace json = llvm::json;

namespace {

/// The archive that makes entries of a map of what it is shown.
class DltiWriter {
public:
  explicit DltiWriter(MLIRContext *ctx) : b(ctx) {}

  template <typename T>
  static SmallVector<DataLayoutEntryInterface> entriesOf(T &value,
                                                         MLIRContext *ctx) {
    DltiWriter writer(ctx);
    describe(writer, value);
    return std::move(writer.entries);
  }
  template <typename T> Attribute mapOf(T &value) {
    return MapAttr::get(b.getContext(), entriesOf(value, b.getContext()));
  }

  void add(StringRef key, Attribute value) {
    entries.push_back(DataLayoutEntryAttr::get(b.getStringAttr(key), value));
  }
  void schema(StringRef expected) { add("schema", b.getStringAttr(expected)); }
  void text(StringRef key, std::string &value) {
    add(key, b.getStringAttr(value));
  }
  void texts(StringRef key, std::vector<std::string> &values) {
    SmallVector<StringRef> list(values.begin(), values.end());
    add(key, b.getStrArrayAttr(list));
  }
  void flag(StringRef key, bool &value) { add(key, b.getBoolAttr(value)); }
  void counts(StringRef key, std::vector<int64_t> &values) {
    add(key, b.getI64ArrayAttr(values));
  }
  void number(StringRef key, Known &value, NumberRange range) {
    add(key, value ? numberOf(*value, nullptr, range) : b.getUnitAttr());
  }
  void energy(StringRef key, KnownEnergy &value) {
    add(key, value ? energyOf(*value) : b.getUnitAttr());
  }
  void byType(StringRef key, NumberByType &values, NumberRange range) {
    DltiWriter inner(b.getContext());
    for (auto &[type, value] : values)
      inner.number(nameOf(type), value, range);
    add(key, MapAttr::get(b.getContext(), inner.entries));
  }
  void byType(StringRef key, EnergyByType &values, NumberRange) {
    DltiWriter inner(b.getContext());
    for (auto &[type, value] : values)
      inner.energy(nameOf(type), value);
    add(key, MapAttr::get(b.getContext(), inner.entries));
  }
  template <typename E> void choice(StringRef key, E &value) {
    add(key, b.getStringAttr(nameOf(value)));
  }
  template <typename T> void object(StringRef key, T &value) {
    add(key, mapOf(value));
  }
  template <typename T>
  void optionalObject(StringRef key, std::optional<T> &value) {
    add(key, value ? mapOf(*value) : b.getUnitAttr());
  }
  /// A map by name; without elements an empty array, to be told from a map.
  template <typename T> void list(StringRef key, std::vector<T> &values) {
    DltiWriter inner(b.getContext());
    for (T &value : values)
      inner.add(value.name, mapOf(value));
    add(key, values.empty() ? Attribute(b.getArrayAttr({}))
                            : MapAttr::get(b.getContext(), inner.entries));
  }

private:
  Attribute energyOf(EnergyNumber &number) {
    return numberOf(number, &number.scope, NumberRange::nonNegative);
  }
  Attribute numberOf(Number &number, EnergyScope *scope, NumberRange range) {
    DltiWriter inner(b.getContext());
    inner.add("v", range == NumberRange::count
                       ? Attribute(b.getI64IntegerAttr(number.v))
                       : b.getF64FloatAttr(number.v));
    inner.choice("how", number.how);
    inner.text("src", number.src);
    inner.add("unc", b.getF64FloatAttr(number.unc));
    if (scope)
      inner.choice("scope", *scope);
    if (number.r2)
      inner.add("r2", b.getF64FloatAttr(*number.r2));
    if (number.mape)
      inner.add("mape", b.getF64FloatAttr(*number.mape));
    return MapAttr::get(b.getContext(), inner.entries);
  }

  Builder b;
  SmallVector<DataLayoutEntryInterface> entries;
};

} // namespace

TargetSystemSpecInterface rac::toDlti(const Device &device, MLIRContext *ctx) {
  ctx->loadDialect<DLTIDialect>();
  Device copy = device; // archives take what they could write to
  auto spec = TargetDeviceSpecAttr::get(ctx, DltiWriter::entriesOf(copy, ctx));
  StringRef key = device.kind == DeviceKind::gpu ? "GPU" : "CPU";
  DataLayoutEntryInterface entry =
      DataLayoutEntryAttr::get(StringAttr::get(ctx, key), spec);
  return TargetSystemSpecAttr::get(ctx, {entry});
}

static json::Value toJson(Attribute attr);

static StringRef keyOf(DataLayoutEntryInterface entry) {
  auto name = dyn_cast<StringAttr>(entry.getKey());
  return name ? name.getValue() : StringRef();
}

/// Whether every entry is a map that has the entry's key for its name.
static bool isNamedList(ArrayRef<DataLayoutEntryInterface> entries) {
  return !entries.empty() &&
         llvm::all_of(entries, [](DataLayoutEntryInterface entry) {
           auto map = dyn_cast<MapAttr>(entry.getValue());
           if (!map)
             return false;
           return llvm::any_of(
               map.getEntries(), [&](DataLayoutEntryInterface inner) {
                 auto name = dyn_cast<StringAttr>(inner.getValue());
                 return keyOf(inner) == "name" && name &&
                        name.getValue() == keyOf(entry);
               });
         });
}

static json::Value toJson(ArrayRef<DataLayoutEntryInterface> entries) {
  if (isNamedList(entries)) {
    json::Array array;
    for (DataLayoutEntryInterface entry : entries)
      array.push_back(toJson(entry.getValue()));
    return array;
  }
  json::Object object;
  for (DataLayoutEntryInterface entry : entries)
    object[json::fixUTF8(keyOf(entry))] = toJson(entry.getValue());
  return object;
}

/// What a device file would have there. Attributes that no device has become
/// text, which the reader refuses where it expects something else.
static json::Value toJson(Attribute attr) {
  return llvm::TypeSwitch<Attribute, json::Value>(attr)
      .Case([](UnitAttr) { return json::Value(nullptr); })
      .Case([](StringAttr text) {
        return json::Value(json::fixUTF8(text.getValue()));
      })
      .Case([](BoolAttr flag) { return json::Value(flag.getValue()); })
      .Case([](IntegerAttr count) {
        auto value = count.getValue().trySExtValue();
        return value ? json::Value(*value) : json::Value("too large");
      })
      .Case([](FloatAttr number) {
        return json::Value(number.getValueAsDouble());
      })
      .Case([](ArrayAttr list) {
        json::Array array;
        for (Attribute element : list)
          array.push_back(toJson(element));
        return json::Value(std::move(array));
      })
      .Case([](MapAttr map) { return toJson(map.getEntries()); })
      .Default([](Attribute other) {
        std::string text;
        llvm::raw_string_ostream(text) << other;
        return json::Value(json::fixUTF8(text));
      });
}

llvm::Expected<Device> rac::fromDlti(TargetSystemSpecInterface spec) {
  for (DataLayoutEntryInterface entry : spec.getEntries()) {
    auto device = dyn_cast<TargetDeviceSpecAttr>(entry.getValue());
    if (!device ||
        llvm::none_of(device.getEntries(), [](DataLayoutEntryInterface inner) {
          return keyOf(inner) == "schema";
        }))
      continue;
    json::Value text = toJson(device.getEntries());
    return parseDevice(llvm::formatv("{0}", text).str(),
                       "the device \"" + keyOf(entry).str() + "\"");
  }
  return llvm::createStringError("the target system has no device of schema " +
                                 kDeviceSchema);
}

void rac::attachDevice(ModuleOp module, const Device &device) {
  module->setAttr(DLTIDialect::kTargetSystemDescAttrName,
                  toDlti(device, module.getContext()));
}

static constexpr StringLiteral kUnknowns = "rac.unknowns";

void rac::noteUnknowns(ModuleOp module, const Unknowns &unknowns) {
  Builder b(module.getContext());
  SmallVector<Attribute> list;
  for (const Unknowns::StandIn &standIn : unknowns.list())
    list.push_back(b.getDictionaryAttr(
        {b.getNamedAttr("what", b.getStringAttr(standIn.what)),
         b.getNamedAttr("instead", b.getF64FloatAttr(standIn.instead)),
         b.getNamedAttr("why", b.getStringAttr(standIn.why))}));
  module->removeAttr(kUnknowns);
  if (!list.empty())
    module->setAttr(kUnknowns, b.getArrayAttr(list));
}

Unknowns rac::notedUnknowns(ModuleOp module) {
  Unknowns unknowns;
  auto list = module->getAttrOfType<ArrayAttr>(kUnknowns);
  if (!list)
    return unknowns;
  for (Attribute element : list) {
    auto entry = dyn_cast<DictionaryAttr>(element);
    auto what = entry ? entry.getAs<StringAttr>("what") : StringAttr();
    auto why = entry ? entry.getAs<StringAttr>("why") : StringAttr();
    auto instead = entry ? entry.getAs<FloatAttr>("instead") : FloatAttr();
    if (what && why && instead)
      unknowns.add(what.getValue(), instead.getValueAsDouble(), why.getValue());
  }
  return unknowns;
}

llvm::Expected<Device> rac::attachedDevice(ModuleOp module) {
  auto spec = module->getAttrOfType<TargetSystemSpecInterface>(
      DLTIDialect::kTargetSystemDescAttrName);
  if (!spec)
    return llvm::createStringError(
        "the module has no device; rac-attach-device gives it one");
  return fromDlti(spec);
}
