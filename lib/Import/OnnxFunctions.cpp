//===- OnnxFunctions.cpp - Operators defined by other operators -----------===//

#include "OnnxStorage.h"
#include "onnx/defs/schema.h"

using namespace rac::onnxmodel;

static const onnx::OpSchema *schema(const Node &node, int64_t version) {
  return onnx::OpSchemaRegistry::Schema(node.opType, static_cast<int>(version),
                                        node.domain);
}

bool Model::knows(const Node &node, int64_t version) {
  return schema(node, version) != nullptr;
}

bool Model::mayHaveBody(const Node &node, int64_t version) const {
  for (const auto &proto : storage->proto.functions())
    if (proto.name() == node.opType)
      return true;
  const onnx::OpSchema *s = schema(node, version);
  return s && (s->HasFunction() || s->HasContextDependentFunction());
}

std::string Model::checkInputs(const Node &node, int64_t version,
                               const std::vector<bool> &present) {
  const onnx::OpSchema *s = schema(node, version);
  if (!s)
    return {};
  int count = static_cast<int>(present.size());
  if (count < s->min_input() || count > s->max_input())
    return "it has " + std::to_string(count) + " inputs";
  const auto &formals = s->inputs();
  for (size_t i = 0; i < formals.size(); ++i)
    if (formals[i].GetOption() == onnx::OpSchema::Single &&
        (i >= present.size() || !present[i]))
      return "its input '" + formals[i].GetName() + "' is missing";
  for (size_t i = formals.size(); i < present.size(); ++i)
    if (!present[i])
      return "one of its inputs is missing";
  return {};
}

static onnx::TypeProto typeProto(const Type &type) {
  onnx::TypeProto proto;
  if (type.element == ElementType::Undefined)
    return proto;
  auto &tensor = *proto.mutable_tensor_type();
  tensor.set_elem_type(static_cast<int>(type.element));
  if (type.shape) {
    tensor.mutable_shape();
    for (const Dim &dim : *type.shape) {
      auto &d = *tensor.mutable_shape()->add_dim();
      if (dim.value >= 0)
        d.set_dim_value(dim.value);
    }
  }
  return proto;
}

static onnx::NodeProto nodeProto(const Node &node) {
  using P = onnx::AttributeProto;
  onnx::NodeProto proto;
  proto.set_op_type(node.opType);
  proto.set_domain(node.domain);
  for (const std::string &input : node.inputs)
    proto.add_input(input);
  for (const std::string &output : node.outputs)
    proto.add_output(output);
  for (const auto &[name, a] : node.attributes) {
    P &attribute = *proto.add_attribute();
    attribute.set_name(name);
    switch (a.kind) {
    case Attribute::Float:
      attribute.set_type(P::FLOAT);
      attribute.set_f(a.f);
      break;
    case Attribute::Int:
      attribute.set_type(P::INT);
      attribute.set_i(a.i);
      break;
    case Attribute::String:
      attribute.set_type(P::STRING);
      attribute.set_s(a.s);
      break;
    case Attribute::Floats:
      attribute.set_type(P::FLOATS);
      attribute.mutable_floats()->Add(a.floats.begin(), a.floats.end());
      break;
    case Attribute::Ints:
      attribute.set_type(P::INTS);
      attribute.mutable_ints()->Add(a.ints.begin(), a.ints.end());
      break;
    case Attribute::Strings:
      attribute.set_type(P::STRINGS);
      for (const std::string &s : a.strings)
        attribute.add_strings(s);
      break;
    case Attribute::Tensor_:
      attribute.set_type(P::TENSOR);
      *attribute.mutable_t() = *a.tensorProto;
      break;
    case Attribute::Graph_:
      attribute.set_type(P::GRAPH);
      *attribute.mutable_g() = *a.graphProto;
      break;
    default:
      proto.mutable_attribute()->RemoveLast();
    }
  }
  return proto;
}

const Function *Model::function(const Node &node, const Opsets &opsets,
                                const std::vector<Type> &inputs,
                                std::string &error) {
  try {
    Converter converter(*storage);
    auto keep = [&](const onnx::FunctionProto &proto) {
      storage->functionBodies.push_back(converter.function(proto));
      return &storage->functionBodies.back();
    };
    std::string key = node.domain + "\n" + node.opType + "\n" + node.overload;
    auto known = storage->functions.find("\n" + key);
    if (known != storage->functions.end())
      return known->second;
    for (const auto &proto : storage->proto.functions()) {
      const std::string domain =
          proto.domain() == "ai.onnx" ? "" : proto.domain();
      if (proto.name() == node.opType && domain == node.domain &&
          proto.overload() == node.overload)
        return storage->functions["\n" + key] = keep(proto);
    }

    auto opset = opsets.find(node.domain);
    if (opset == opsets.end())
      return nullptr;
    const onnx::OpSchema *s = schema(node, opset->second);
    if (!s)
      return nullptr;
    auto complete = [&](Function *body) {
      // A body may lean on ONNX's own domain where the operator is of another,
      // and on the defaults of the operator's attributes.
      for (const auto &[name, version] : opsets)
        body->opsets.emplace(name, version);
      for (const auto &[name, attribute] : s->attributes())
        if (attribute.default_value.type() != onnx::AttributeProto::UNDEFINED)
          body->defaults.emplace(name,
                                 converter.attribute(attribute.default_value));
      return body;
    };
    int version = static_cast<int>(opset->second);
    if (s->HasFunction()) {
      if (const onnx::FunctionProto *proto = s->GetFunction(version)) {
        key += "\n" + std::to_string(version);
        const Function *&body = storage->functions[key];
        if (!body)
          body = complete(keep(*proto));
        return body;
      }
    }
    if (s->HasContextDependentFunction()) {
      std::vector<onnx::TypeProto> types;
      for (const Type &type : inputs)
        types.push_back(typeProto(type));
      // The context keeps pointers into the node's attributes.
      onnx::NodeProto call = nodeProto(node);
      onnx::FunctionBodyBuildContextImpl context(call, types);
      onnx::FunctionProto &proto = storage->functionProtos.emplace_back();
      if (s->BuildContextDependentFunction(context, proto, version))
        return complete(keep(proto));
      storage->functionProtos.pop_back();
    }
  } catch (const std::exception &e) {
    error = e.what();
  }
  return nullptr;
}
